package loadgen

import (
	"errors"
	"io"
	"net"
	"nodrop/loadgen/internal/h1"
	"os"
	"syscall"
	"testing"
)

func TestClassify(t *testing.T) {
	sys := func(errno syscall.Errno) error { return os.NewSyscallError("read", errno) }
	tests := map[string]struct {
		stage Stage
		err   error
		want  string
	}{
		"refused":                        {StageConnect, sys(syscall.ECONNREFUSED), "connect.refused"},
		"refused by the proxy":           {StageProxy, sys(syscall.ECONNREFUSED), "proxy.refused"},
		"refused after the handshake":    {StageSend, sys(syscall.ECONNREFUSED), "send.unreachable"},
		"refused in place of a response": {StageWait, sys(syscall.ECONNREFUSED), "wait.unreachable"},
		"refused by a firewall":          {StageConnect, &networkError{sys(syscall.EACCES)}, "connect.rejected"},
		"refused by a firewall, proxy":   {StageProxy, &networkError{sys(syscall.EACCES)}, "proxy.rejected"},
		"forbidden by this machine":      {StageConnect, sys(syscall.EACCES), "client.other"},
		"refused, under way":             {StageConnect, &networkError{sys(syscall.ECONNREFUSED)}, "connect.refused"},
		"no route, under way":            {StageConnect, &networkError{sys(syscall.EHOSTUNREACH)}, "connect.unreachable"},
		"reset while connecting":         {StageConnect, sys(syscall.ECONNRESET), "connect.reset"},
		"time-out while connecting":      {StageConnect, os.ErrDeadlineExceeded, "connect.timeout"},
		"the kernel's time-out":          {StageConnect, sys(syscall.ETIMEDOUT), "connect.timeout"},
		"no route":                       {StageConnect, sys(syscall.EHOSTUNREACH), "connect.unreachable"},
		"no network":                     {StageConnect, sys(syscall.ENETUNREACH), "connect.unreachable"},
		"no route of ours":               {StageConnect, &unsentError{sys(syscall.EHOSTUNREACH)}, "client.route"},
		"no network of ours":             {StageProxy, &unsentError{sys(syscall.ENETUNREACH)}, "client.route"},
		"a prohibited route":             {StageConnect, &unsentError{sys(syscall.EACCES)}, "client.route"},
		"refused at once":                {StageConnect, &unsentError{sys(syscall.ECONNREFUSED)}, "connect.refused"},
		"out of ports at once":           {StageConnect, &unsentError{sys(syscall.EADDRNOTAVAIL)}, "client.ports"},
		"no route to a name server":      {StageDNS, &net.DNSError{UnwrapErr: syscall.ENETUNREACH}, "client.route"},
		"SOCKS said no":                  {StageProxy, &socksError{errors.New("?"), true}, "proxy.rejected"},
		"no SOCKS":                       {StageProxy, &socksError{errors.New("?"), false}, "proxy.malformed"},
		"met itself":                     {StageConnect, errSelfConnect, "connect.refused"},
		"out of ports":                   {StageConnect, sys(syscall.EADDRNOTAVAIL), "client.ports"},
		"out of ports, other systems":    {StageConnect, &net.OpError{Op: "dial", Err: errRedialed}, "client.ports"},
		"out of files":                   {StageConnect, sys(syscall.EMFILE), "client.files"},
		"out of files, whole machine":    {StageConnect, sys(syscall.ENFILE), "client.files"},
		"out of buffers":                 {StageConnect, sys(syscall.ENOBUFS), "client.memory"},
		"packet filter":                  {StageConnect, sys(syscall.EPERM), "client.other"},
		"broken pipe is a reset":         {StageSend, sys(syscall.EPIPE), "wait.reset"},
		"reset while writing":            {StageSend, sys(syscall.ECONNRESET), "wait.reset"},
		"time-out while writing":         {StageSend, os.ErrDeadlineExceeded, "send.timeout"},
		"FIN before the answer":          {StageWait, io.EOF, "wait.eof"},
		"FIN in the head":                {StageHead, io.ErrUnexpectedEOF, "head.eof"},
		"FIN in the body":                {StageBody, io.ErrUnexpectedEOF, "body.eof"},
		"RST in the body":                {StageBody, sys(syscall.ECONNRESET), "body.reset"},
		"malformed head":                 {StageHead, &h1.MalformedError{Stage: h1.StageHead}, "head.malformed"},
		"malformed chunk":                {StageHead, &h1.MalformedError{Stage: h1.StageBody}, "body.malformed"},
		"content that does not hold":     {StageBody, &contentError{what: "invalid checksum"}, "body.malformed"},
		"content cut short":              {StageBody, &contentError{what: "unexpected EOF", short: true}, "body.malformed"},
		"body file cut short":            {StageClient, &bodyError{io.EOF}, "client.body"},
		"body file that cannot be read":  {StageClient, &bodyError{sys(syscall.EIO)}, "client.body"},
		"NXDOMAIN":                       {StageDNS, &net.DNSError{IsNotFound: true}, "dns.not-found"},
		"look-up timed out":              {StageDNS, &net.DNSError{IsTimeout: true}, "client.resolver"},
		"look-up failed":                 {StageDNS, &net.DNSError{}, "dns.other"},
		"anything else":                  {StageBody, errors.New("?"), "body.other"},
		"an errno without a cause":       {StageWait, sys(syscall.EDOM), "wait.other"},
		"a pair that the table does not": {StageDNS, io.EOF, "dns.other"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := classify(tc.stage, tc.err).String(); got != tc.want {
				t.Errorf("got %s; want %s", got, tc.want)
			}
		})
	}
}
