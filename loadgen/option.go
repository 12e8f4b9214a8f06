package loadgen

// Option is one setting of a load. Each front end has its own name for it: the
// command line a flag, a scenario file a key.
type Option int

// The options, in the order of Options.
const (
	OptionURL Option = iota
	OptionRequests
	OptionWorkers
	OptionRate
	OptionDuration
	OptionTimeout
	OptionConnectTimeout
	OptionMethod
	OptionHeader
	OptionAccept
	OptionContentType
	OptionUserAgent
	OptionAuth
	OptionHost
	OptionBody
	OptionBodyFile
	OptionCompression
	OptionKeepAlive
	OptionRedirects
	OptionMaxBody
	OptionOK
	OptionEndpointHeader
	OptionDNS
	OptionConnectTo
	OptionSource
	OptionProxy
	OptionUnixSocket
	OptionH2
	OptionH2C
	OptionStreams
	OptionEngine
	OptionCPUs
	OptionTraceLost
	OptionInsecure
	OptionCACert
	OptionCert
	OptionKey
	OptionSNI
	OptionTLSMin
	OptionTLSMax
	OptionTLSResume
	OptionExpectBody
	OptionExpectHeader
	OptionProbe
)

var optionNames = [...]string{
	OptionURL:            "URL",
	OptionRequests:       "requests",
	OptionWorkers:        "workers",
	OptionRate:           "rate",
	OptionDuration:       "duration",
	OptionTimeout:        "timeout",
	OptionConnectTimeout: "connect-timeout",
	OptionMethod:         "method",
	OptionHeader:         "header",
	OptionAccept:         "accept",
	OptionContentType:    "content-type",
	OptionUserAgent:      "user-agent",
	OptionAuth:           "auth",
	OptionHost:           "host",
	OptionBody:           "body",
	OptionBodyFile:       "body-file",
	OptionCompression:    "compression",
	OptionKeepAlive:      "keep-alive",
	OptionRedirects:      "redirects",
	OptionMaxBody:        "max-body",
	OptionOK:             "ok",
	OptionEndpointHeader: "endpoint-header",
	OptionDNS:            "dns",
	OptionConnectTo:      "connect-to",
	OptionSource:         "source",
	OptionProxy:          "proxy",
	OptionUnixSocket:     "unix-socket",
	OptionH2:             "h2",
	OptionH2C:            "h2c",
	OptionStreams:        "streams",
	OptionEngine:         "engine",
	OptionCPUs:           "cpus",
	OptionTraceLost:      "trace-lost",
	OptionInsecure:       "insecure",
	OptionCACert:         "cacert",
	OptionCert:           "cert",
	OptionKey:            "key",
	OptionSNI:            "sni",
	OptionTLSMin:         "tls-min",
	OptionTLSMax:         "tls-max",
	OptionTLSResume:      "tls-resume",
	OptionExpectBody:     "expect-body",
	OptionExpectHeader:   "expect-header",
	OptionProbe:          "probe",
}

// String is the option's name where no front end has one for it.
func (o Option) String() string { return optionNames[o] }

// EveryOption lists all options.
func EveryOption() []Option {
	list := make([]Option, len(optionNames))
	for i := range list {
		list[i] = Option(i)
	}
	return list
}
