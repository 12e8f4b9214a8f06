package file

import (
	"errors"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen"
)

// setting is one key of a load, and the option that it sets.
type setting struct {
	key    string
	option loadgen.Option
	set    setter
}

// setter reads the value of a key. It returns false if there is nothing to set,
// because the value is empty, is the default of a switch, or is a fault.
type setter func(r *reader, key string, n *yaml.Node) bool

// settings lists all keys of a load except url.
func settings(o *loadgen.Options) []setting {
	return []setting{
		{"requests", loadgen.OptionRequests, wholeNumber(&o.Requests)},
		{"connections", loadgen.OptionWorkers, wholeNumber(&o.Workers)},
		{"rate", loadgen.OptionRate, number(&o.Rate)},
		{"duration", loadgen.OptionDuration, duration(&o.Duration, time.ParseDuration)},
		{"timeout", loadgen.OptionTimeout, duration(&o.Timeout, loadgen.ParseTimeout)},
		{"connect-timeout", loadgen.OptionConnectTimeout, duration(&o.ConnectTimeout, time.ParseDuration)},
		{"keep-alive", loadgen.OptionKeepAlive, disable(&o.DisableKeepAlive)},
		{"compression", loadgen.OptionCompression, disable(&o.DisableCompression)},
		{"redirects", loadgen.OptionRedirects, disable(&o.DisableRedirects)},
		{"method", loadgen.OptionMethod, text(&o.Method)},
		{"headers", loadgen.OptionHeader, headers(&o.Headers)},
		{"host", loadgen.OptionHost, text(&o.Host)},
		{"body", loadgen.OptionBody, text(&o.Body)},
		{"body-file", loadgen.OptionBodyFile, text(&o.BodyFile)},
		{"content-type", loadgen.OptionContentType, text(&o.ContentType)},
		{"auth", loadgen.OptionAuth, text(&o.Auth)},
		{"proxy", loadgen.OptionProxy, text(&o.Proxy)},
		{"ok", loadgen.OptionOK, text(&o.OK)},
		{"max-body", loadgen.OptionMaxBody, wholeNumber(&o.MaxBody)},
		{"endpoint-header", loadgen.OptionEndpointHeader, text(&o.EndpointHeader)},
		{"connect-to", loadgen.OptionConnectTo, connectTo(&o.ConnectTo)},
		{"source", loadgen.OptionSource, text(&o.Source)},
		{"unix-socket", loadgen.OptionUnixSocket, text(&o.UnixSocket)},
		{"h2", loadgen.OptionH2, enable(&o.H2)},
		{"h2c", loadgen.OptionH2C, enable(&o.H2C)},
		{"streams", loadgen.OptionStreams, wholeNumber(&o.Streams)},
		{"dns", loadgen.OptionDNS, text(&o.DNS)},
		{"engine", loadgen.OptionEngine, text(&o.Engine)},
		{"cpus", loadgen.OptionCPUs, wholeNumber(&o.CPUs)},
		{"trace-lost", loadgen.OptionTraceLost, wholeNumber(&o.TraceLost)},
		{"insecure", loadgen.OptionInsecure, enable(&o.Insecure)},
		{"cacert", loadgen.OptionCACert, text(&o.CACert)},
		{"cert", loadgen.OptionCert, text(&o.Cert)},
		{"key", loadgen.OptionKey, text(&o.Key)},
		{"sni", loadgen.OptionSNI, text(&o.SNI)},
		{"tls-min", loadgen.OptionTLSMin, text(&o.TLSMin)},
		{"tls-max", loadgen.OptionTLSMax, text(&o.TLSMax)},
		{"tls-resume", loadgen.OptionTLSResume, enable(&o.TLSResume)},
		{"expect-body", loadgen.OptionExpectBody, text(&o.ExpectBody)},
		{"expect-header", loadgen.OptionExpectHeader, expectedFields(&o.ExpectHeaders)},
		{"probe", loadgen.OptionProbe, text(&o.Probe)},
	}
}

// keyOf is the key of an option.
func keyOf(option loadgen.Option) string {
	for _, s := range settings(&loadgen.Options{}) {
		if s.option == option {
			return s.key
		}
	}
	return option.String() // a file cannot set it
}

// parsed reads a single value with a parser. kind says what it accepts.
func parsed[T any](to *T, kind string, parse func(string) (T, error)) setter {
	return func(r *reader, key string, n *yaml.Node) bool {
		written := r.text(n, key)
		if written == "" {
			return false
		}
		value, err := parse(written)
		if err != nil {
			r.fault(n, "%s: %q is not %s", key, written, kind)
			return false
		}
		*to = value
		return true
	}
}

func text[T ~string](to *T) setter {
	return parsed(to, "a string", func(value string) (T, error) { return T(value), nil })
}

func wholeNumber[T int | int64](to *T) setter {
	const anyBase = 0 // as in flags: 0x10 is accepted
	return parsed(to, "a whole number", func(value string) (T, error) {
		v, err := strconv.ParseInt(value, anyBase, 64)
		if err == nil && int64(T(v)) != v {
			err = strconv.ErrRange
		}
		return T(v), err
	})
}

func number(to *float64) setter {
	return parsed(to, "a number", func(value string) (float64, error) { return strconv.ParseFloat(value, 64) })
}

func duration(to *time.Duration, parse func(string) (time.Duration, error)) setter {
	return parsed(to, "a time, such as 500ms, 5s or 2m", parse)
}

func enable(to *bool) setter {
	return func(r *reader, key string, n *yaml.Node) bool {
		*to = r.boolean(n, key)
		return *to
	}
}

// disable is for a key that is true by default, such as keep-alive, and sets its
// negative option, such as DisableKeepAlive.
func disable(to *bool) setter {
	return func(r *reader, key string, n *yaml.Node) bool {
		*to = !r.boolean(n, key)
		return *to
	}
}

// headers reads a mapping of names to values.
func headers(to *[]string) setter {
	return func(r *reader, key string, n *yaml.Node) bool {
		if !r.is(n, yaml.MappingNode, key) {
			return false
		}
		r.pairs(n, func(name string, at, value *yaml.Node) {
			header := name + ": " + r.text(value, key)
			_, _, err := loadgen.ParseField(header)
			r.check(at, err)
			*to = append(*to, header)
		})
		return true
	}
}

// expectedFields reads a mapping of names to patterns, or a list of
// "NAME: PATTERN".
func expectedFields(to *[]string) setter {
	return func(r *reader, key string, n *yaml.Node) bool {
		if n.Kind == yaml.SequenceNode {
			r.list(n, key, func(item *yaml.Node) { *to = append(*to, r.text(item, key)) })
			return true
		}
		if !r.is(n, yaml.MappingNode, key) {
			return false
		}
		r.pairs(n, func(name string, _, value *yaml.Node) { *to = append(*to, name+": "+r.text(value, key)) })
		return true
	}
}

// connectTo reads a list of HOST:PORT:ADDR:PORT.
func connectTo(to *[]string) setter {
	return func(r *reader, key string, n *yaml.Node) bool {
		r.list(n, key, func(item *yaml.Node) {
			text := r.text(item, key)
			_, err := loadgen.ParseConnectTo(text)
			r.check(item, err)
			*to = append(*to, text)
		})
		return true
	}
}

// check records an error about an option, if there is one.
func (r *reader) check(n *yaml.Node, err error) {
	wrong, ok := errors.AsType[*loadgen.OptionError](err)
	switch {
	case err == nil:
	case ok:
		r.fault(n, "%s", wrong.Problem(keyOf))
	default:
		r.fault(n, "%v", err)
	}
}
