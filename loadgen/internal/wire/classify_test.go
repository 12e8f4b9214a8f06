package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/record"
)

func TestClassify(t *testing.T) {
	sys := func(errno syscall.Errno) error { return os.NewSyscallError("read", errno) }
	tests := map[string]struct {
		stage record.Stage
		err   error
		want  string
	}{
		"refused":                        {record.StageConnect, sys(syscall.ECONNREFUSED), "connect.refused"},
		"refused by the proxy":           {record.StageProxy, sys(syscall.ECONNREFUSED), "proxy.refused"},
		"refused after the handshake":    {record.StageSend, sys(syscall.ECONNREFUSED), "send.unreachable"},
		"refused in place of a response": {record.StageWait, sys(syscall.ECONNREFUSED), "wait.unreachable"},
		"refused by a firewall":          {record.StageConnect, &NetworkError{sys(syscall.EACCES)}, "connect.rejected"},
		"refused by a firewall, proxy":   {record.StageProxy, &NetworkError{sys(syscall.EACCES)}, "proxy.rejected"},
		"forbidden by this machine":      {record.StageConnect, sys(syscall.EACCES), "client.other"},
		"refused, under way":             {record.StageConnect, &NetworkError{sys(syscall.ECONNREFUSED)}, "connect.refused"},
		"no route, under way":            {record.StageConnect, &NetworkError{sys(syscall.EHOSTUNREACH)}, "connect.unreachable"},
		"reset while connecting":         {record.StageConnect, sys(syscall.ECONNRESET), "connect.reset"},
		"time-out while connecting":      {record.StageConnect, os.ErrDeadlineExceeded, "connect.timeout"},
		"the kernel's time-out":          {record.StageConnect, sys(syscall.ETIMEDOUT), "connect.timeout"},
		"no route":                       {record.StageConnect, sys(syscall.EHOSTUNREACH), "connect.unreachable"},
		"no network":                     {record.StageConnect, sys(syscall.ENETUNREACH), "connect.unreachable"},
		"no route of ours":               {record.StageConnect, &UnsentError{Err: sys(syscall.EHOSTUNREACH)}, "client.route"},
		"no network of ours":             {record.StageProxy, &UnsentError{Err: sys(syscall.ENETUNREACH)}, "client.route"},
		"a prohibited route":             {record.StageConnect, &UnsentError{Err: sys(syscall.EACCES)}, "client.route"},
		"refused at once":                {record.StageConnect, &UnsentError{Err: sys(syscall.ECONNREFUSED)}, "connect.refused"},
		"no address to connect from":     {record.StageConnect, &UnsentError{Err: sys(syscall.EADDRNOTAVAIL), NoSource: true}, "client.route"},
		"out of ports at once":           {record.StageConnect, &UnsentError{Err: sys(syscall.EADDRNOTAVAIL)}, "client.ports"},
		"no route to a name server":      {record.StageDNS, &net.DNSError{UnwrapErr: syscall.ENETUNREACH}, "client.route"},
		"SOCKS said no":                  {record.StageProxy, &socksError{errors.New("?"), true}, "proxy.rejected"},
		"no SOCKS":                       {record.StageProxy, &socksError{errors.New("?"), false}, "proxy.malformed"},
		"met itself":                     {record.StageConnect, ErrSelfConnect, "connect.refused"},
		"out of ports":                   {record.StageConnect, sys(syscall.EADDRNOTAVAIL), "client.ports"},
		"out of ports, other systems":    {record.StageConnect, &net.OpError{Op: "dial", Err: errRedialed}, "client.ports"},
		"out of files":                   {record.StageConnect, sys(syscall.EMFILE), "client.files"},
		"out of files, whole machine":    {record.StageConnect, sys(syscall.ENFILE), "client.files"},
		"out of buffers":                 {record.StageConnect, sys(syscall.ENOBUFS), "client.memory"},
		"packet filter":                  {record.StageConnect, sys(syscall.EPERM), "client.other"},
		"broken pipe is a reset":         {record.StageSend, sys(syscall.EPIPE), "wait.reset"},
		"reset while writing":            {record.StageSend, sys(syscall.ECONNRESET), "wait.reset"},
		"time-out while writing":         {record.StageSend, os.ErrDeadlineExceeded, "send.timeout"},
		"FIN before the answer":          {record.StageWait, io.EOF, "wait.eof"},
		"FIN in the head":                {record.StageHead, io.ErrUnexpectedEOF, "head.eof"},
		"FIN in the body":                {record.StageBody, io.ErrUnexpectedEOF, "body.eof"},
		"RST in the body":                {record.StageBody, sys(syscall.ECONNRESET), "body.reset"},
		"malformed head":                 {record.StageHead, &h1.MalformedError{Stage: h1.StageHead}, "head.malformed"},
		"malformed chunk":                {record.StageHead, &h1.MalformedError{Stage: h1.StageBody}, "body.malformed"},
		"content that is not wanted":     {record.StageBody, &UnwantedError{"a body of 3 bytes, not 5"}, "body.rejected"},
		"an alert in the body":           {record.StageBody, &net.OpError{Op: "remote error", Err: tls.AlertError(42)}, "body.other"},
		"content that does not hold":     {record.StageBody, &ContentError{What: "invalid checksum"}, "body.malformed"},
		"content cut short":              {record.StageBody, &ContentError{What: "unexpected EOF", Short: true}, "body.malformed"},
		"body file cut short":            {record.StageClient, &BodyError{io.EOF}, "client.body"},
		"body file that cannot be read":  {record.StageClient, &BodyError{sys(syscall.EIO)}, "client.body"},
		"NXDOMAIN":                       {record.StageDNS, &net.DNSError{IsNotFound: true}, "dns.not-found"},
		"look-up timed out":              {record.StageDNS, &net.DNSError{IsTimeout: true}, "client.resolver"},
		"look-up failed":                 {record.StageDNS, &net.DNSError{}, "dns.other"},
		"GOAWAY":                         {record.StageWait, &h2.GoAwayError{}, "wait.goaway"},
		"GOAWAY while sending":           {record.StageSend, &h2.GoAwayError{Code: http2.ErrCodeEnhanceYourCalm}, "send.goaway"},
		"GOAWAY in a response":           {record.StageBody, &h2.GoAwayError{}, "body.other"}, // it contradicts itself
		"stream refused":                 {record.StageWait, &h2.StreamError{Code: http2.ErrCodeRefusedStream}, "wait.refused-stream"},
		"stream refused while sending":   {record.StageSend, &h2.StreamError{Code: http2.ErrCodeRefusedStream}, "send.refused-stream"},
		"stream refused in the body":     {record.StageBody, &h2.StreamError{Code: http2.ErrCodeRefusedStream}, "body.stream-reset"},
		"stream reset":                   {record.StageWait, &h2.StreamError{Code: http2.ErrCodeInternal}, "wait.stream-reset"},
		"stream reset while sending":     {record.StageSend, &h2.StreamError{Code: http2.ErrCodeCancel}, "send.stream-reset"},
		"stream reset in the head":       {record.StageHead, &h2.StreamError{}, "head.stream-reset"},
		"rules of HTTP/2 broken":         {record.StageWait, &h2.ConnError{}, "wait.malformed"},
		"the same while sending":         {record.StageSend, &h2.ConnError{}, "send.malformed"},
		"the same in the body":           {record.StageBody, &h2.ConnError{}, "body.malformed"},
		"a stream that ended too early":  {record.StageBody, &h2.ShortError{Want: 2, Got: 1}, "body.eof"},
		"FIN while sending":              {record.StageSend, io.EOF, "wait.eof"},
		"anything else":                  {record.StageBody, errors.New("?"), "body.other"},
		"an errno without a cause":       {record.StageWait, sys(syscall.EDOM), "wait.other"},
		"a pair that the table does not": {record.StageDNS, io.EOF, "dns.other"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Classify(tc.stage, tc.err).String(); got != tc.want {
				t.Errorf("got %s; want %s", got, tc.want)
			}
		})
	}
}
