package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Remedy is a setting to change, by its own name.
type Remedy struct {
	Where   string // what it belongs to
	Setting string
}

// forGateway puts the settings of the gateway that the run met after those of
// any, and leaves out those of others. Where it is not known, all stay.
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
}

// delayFor rounds up the delay that covers a measured need, in ns: a fifth
// more, at least 25 ms, because the next event may take a little longer than
// the one that was measured.
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

// acceptLonger are the settings that keep a gateway accepting for a time after
// its termination began.
func acceptLonger(need int64) []Remedy {
	delay := delayFor(need)
	s := wholeSeconds(delay)
	sec := strconv.FormatInt(s, 10)
	return []Remedy{
		{"any", fmt.Sprintf("go on accepting for %s after termination begins, then close the listener", short(delay))},
		{"nodrop lab", "--stop graceful --pre-stop " + short(delay)},
		{"Kubernetes", fmt.Sprintf("lifecycle.preStop.sleep.seconds: %d, terminationGracePeriodSeconds above it", s)},
		{"ASM from 1.26", `metadata.annotations: asm.alibabacloud.com/gateway-drain-timeout-seconds: "` + asmSeconds(s, 890) + `"`},
		{"ASM before 1.26", `spec.serviceAnnotations: service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain: "on" and ` +
			`service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout: "` + asmSeconds(s, 30) + `"`},
		{"Envoy", "POST /drain_listeners?graceful with --drain-time-s " + sec + " or more, and SIGTERM after that"},
		{"nginx", "sleep " + sec + " before SIGQUIT"},
		{"HAProxy", "sleep " + sec + " before SIGUSR1"},
		{"Caddy", "shutdown_delay " + sec + "s"},
	}
}

// acceptUntilOut is the same where how long is not known.
func acceptUntilOut() []Remedy {
	return []Remedy{{"any", "if replicas were leaving: go on accepting until the balancer has taken them out"}}
}

// endByItself are the settings for a process that has to be killed.
func endByItself() []Remedy {
	return []Remedy{
		{"any", "find what keeps the process from ending: connections that stay open, or a stop signal that it does not heed"},
		{"Kubernetes", "terminationGracePeriodSeconds above the pre-stop delay and what the process needs after it"},
	}
}

// asmSeconds keeps a number of seconds inside what ASM takes: at least 10, and
// at most a limit of the version's.
func asmSeconds(s, most int64) string {
	if s > most {
		return fmt.Sprintf("%d (the most it takes; %d would be needed)", most, s)
	}
	return strconv.FormatInt(max(10, s), 10)
}

// finishRequests are the settings that let requests in flight finish; least: they
// may need longer.
func finishRequests(need int64, least bool) []Remedy {
	grace := delayFor(need)
	sec := strconv.FormatInt(wholeSeconds(grace), 10)
	finish, more := fmt.Sprintf("let requests in flight finish for %s after the stop signal", short(grace)), ""
	if least {
		finish = fmt.Sprintf("let requests in flight finish for longer than %s after the stop signal: how much longer they need is not known", short(time.Duration(need).Round(time.Microsecond)))
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

// short is a duration as flags take it, without the zeros of Duration.String.
func short(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatFloat(float64(d)/1e6, 'f', -1, 64) + "ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// String is the setting, behind what it belongs to.
func (r Remedy) String() string {
	if r.Where == "any" {
		return r.Setting
	}
	return r.Where + ": " + r.Setting
}
