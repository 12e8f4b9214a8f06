package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/record"
)

// Remedy is a setting to change, under the name that it has there.
type Remedy struct {
	Where   string // the program or platform; "any" for all
	Setting string
}

// forGateway puts the settings of the run's gateway after the general ones, and
// drops those of other gateways. If the gateway is unknown, it keeps all.
func (f *Finding) forGateway(gateway string) {
	kind, _, _ := strings.Cut(gateway, " ")
	kinds := []string{"Envoy", "nginx", "HAProxy", "Caddy"}
	i := slices.IndexFunc(kinds, func(k string) bool { return strings.EqualFold(k, kind) })
	if i < 0 {
		return
	}
	f.own = kinds[i]
	var first, own, others []Remedy
	for _, r := range f.Remedies {
		switch {
		case r.Where == "any":
			first = append(first, r)
		case r.Where == f.own:
			own = append(own, r)
		case !slices.Contains(kinds, r.Where):
			others = append(others, r)
		}
	}
	f.Remedies = slices.Concat(first, own, others)
	f.Settings = slices.DeleteFunc(f.Settings, func(r record.Remedy) bool { return r.Object != f.own && slices.Contains(kinds, r.Object) })
}

// delayFor returns the delay that covers a measured need, in ns, rounded up. It
// adds a fifth, and at least 25 ms, because the next event may take a little
// longer.
func delayFor(need int64) time.Duration {
	d := time.Duration(need) + max(25*time.Millisecond, time.Duration(need/5))
	step := 5 * time.Millisecond
	switch {
	case d > 10*time.Second:
		step = time.Second
	case d > time.Second:
		step = 100 * time.Millisecond
	}
	return (d + step - 1).Truncate(step)
}

// wholeSeconds rounds up, for settings that take seconds.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// acceptLonger returns the settings that keep a gateway accepting for a time
// after its termination began.
func acceptLonger(need int64) []Remedy {
	delay := delayFor(need)
	s := wholeSeconds(delay)
	sec := strconv.FormatInt(s, 10)
	return []Remedy{
		{"any", fmt.Sprintf("keep accepting connections for %s after termination begins, then close the listener", short(delay))},
		{"nodrop lab", "--stop graceful --pre-stop " + short(delay)},
		{"Kubernetes", fmt.Sprintf("lifecycle.preStop.sleep.seconds: %d, and a larger terminationGracePeriodSeconds", s)},
		{"ASM from 1.26", `metadata.annotations: asm.alibabacloud.com/gateway-drain-timeout-seconds: "` + asmSeconds(s, 890) + `"`},
		{"ASM before 1.26", `spec.serviceAnnotations: service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain: "on" and ` +
			`service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout: "` + asmSeconds(s, 30) + `"`},
		{"Envoy", "POST /drain_listeners?graceful with --drain-time-s " + sec + " or more, then SIGTERM"},
		{"nginx", "sleep " + sec + " before SIGQUIT"},
		{"HAProxy", "sleep " + sec + " before SIGUSR1"},
		{"Caddy", "shutdown_delay " + sec + "s"},
	}
}

// acceptUntilOut is acceptLonger for an unknown time.
func acceptUntilOut() []Remedy {
	return []Remedy{{"any", "if replicas were terminating: keep accepting connections until the load balancer has removed them"}}
}

// endByItself returns the settings that let a process end without being killed.
func endByItself() []Remedy {
	return []Remedy{
		{"any", "find out what keeps the process from exiting: connections that stay open, or a stop signal that it ignores"},
		{"Kubernetes", "terminationGracePeriodSeconds above the pre-stop delay plus the time that the process then needs to exit"},
	}
}

// asmSeconds limits a number of seconds to what ASM accepts: at least 10, and
// at most a limit that depends on its version.
func asmSeconds(s, most int64) string {
	if s > most {
		return fmt.Sprintf("%d (the maximum; %d would be needed)", most, s)
	}
	return strconv.FormatInt(max(10, s), 10)
}

// finishRequests returns the settings that let requests in flight finish. If
// least is true, they may need longer than need.
func finishRequests(need int64, least bool) []Remedy {
	grace := delayFor(need)
	sec := strconv.FormatInt(wholeSeconds(grace), 10)
	finish, more := fmt.Sprintf("give requests in flight %s to finish after the stop signal", short(grace)), ""
	if least {
		finish = fmt.Sprintf("give requests in flight more than %s to finish after the stop signal: how much more they need is not known", short(time.Duration(need).Round(time.Microsecond)))
		more = " or more"
	}
	return []Remedy{
		{"any", finish},
		{"nodrop lab", "--stop graceful --grace " + short(grace) + more},
		{"Kubernetes", "terminationGracePeriodSeconds: the pre-stop delay plus " + sec + more},
		{"Istio, ASM", "proxy.istio.io/config: terminationDrainDuration: " + sec + "s" + more},
		{"Envoy", "--drain-time-s " + sec + " or more before SIGTERM"},
		{"nginx", "SIGQUIT instead of SIGTERM; worker_shutdown_timeout unset or above " + sec + "s"},
		{"HAProxy", "SIGUSR1 instead of SIGTERM; hard-stop-after unset or above " + sec + "s"},
		{"Caddy", "grace_period " + sec + "s or more"},
	}
}

// short formats a duration as flags take it, without the zeros of
// Duration.String.
func short(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatFloat(float64(d)/1e6, 'f', -1, 64) + "ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// String is the setting after the name of what it belongs to.
func (r Remedy) String() string {
	if r.Where == "any" {
		return r.Setting
	}
	return r.Where + ": " + r.Setting
}
