package remedy

import (
	"fmt"
	"strconv"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

const (
	preStop     = "lifecycle.preStop.sleep.seconds"
	gracePeriod = "terminationGracePeriodSeconds"
	commandLine = "command line"
)

// The least and the most that ASM accepts, in seconds.
const (
	asmLeast   = 10
	asmMost    = 890 // from 1.26
	OldASMMost = 30
)

// AcceptLonger keeps a gateway accepting for a time after its termination
// began, in ns.
func AcceptLonger(need int64) []Advice {
	delay := DelayFor(need)
	s := WholeSeconds(delay)
	sec := strconv.FormatInt(s, 10)
	return []Advice{
		{Where: Everywhere, Words: "keep accepting connections for " + Short(delay) + " after termination begins, then close the listener"},
		{Where: product.Lab, Words: "{} {}", Settings: []record.Remedy{
			{Part: commandLine, Setting: "--stop", Value: "graceful"},
			{Part: commandLine, Setting: "--pre-stop", Value: Short(delay), Unit: unitOf(delay)},
		}},
		{Where: product.Kubernetes, Words: "{}, and a larger " + gracePeriod, Settings: []record.Remedy{
			{Part: "container", Setting: preStop, Value: sec, Unit: "s"},
		}},
		newASM(s),
		oldASM(s),
		{Where: product.Envoy, Words: "POST /drain_listeners?graceful with {}, then SIGTERM", Settings: []record.Remedy{
			{Part: commandLine, Setting: "--drain-time-s", Value: sec, Unit: "s"},
		}},
		{Where: product.Nginx, Words: "sleep " + sec + " before SIGQUIT"},
		{Where: product.HAProxy, Words: "sleep " + sec + " before SIGUSR1"},
		{Where: product.Caddy, Words: "{}", Settings: []record.Remedy{
			{Part: "global options", Setting: "shutdown_delay", Value: sec + "s", Unit: "s"},
		}},
	}
}

// newASM is AcceptLonger for ASM from 1.26.
func newASM(s int64) Advice {
	value, note := ASMSeconds(s, asmMost)
	return Advice{
		Where: "ASM from 1.26", Words: "metadata.annotations: {}" + note, Short: note != "",
		Settings: []record.Remedy{{Part: "IstioGateway", Setting: "asm.alibabacloud.com/gateway-drain-timeout-seconds", Value: value, Unit: "s"}},
	}
}

// oldASM is AcceptLonger for ASM before 1.26.
func oldASM(s int64) Advice {
	const drain = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain"
	value, note := ASMSeconds(s, OldASMMost)
	return Advice{
		Where: "ASM before 1.26", Words: "spec.serviceAnnotations: {} and {}" + note, Short: note != "",
		Settings: []record.Remedy{
			{Part: "IstioGateway", Setting: drain, Value: "on"},
			{Part: "IstioGateway", Setting: drain + "-timeout", Value: value, Unit: "s"},
		},
	}
}

// ASMSeconds limits a number of seconds to what ASM accepts, and notes that it
// does not suffice.
func ASMSeconds(s, most int64) (value, note string) {
	if s > most {
		return strconv.FormatInt(most, 10), fmt.Sprintf(" (the maximum; %d would be needed)", s)
	}
	return strconv.FormatInt(max(asmLeast, s), 10), ""
}

// AcceptUntilOut is AcceptLonger for an unknown time.
func AcceptUntilOut() []Advice {
	return []Advice{{Where: Everywhere, Words: "if replicas were terminating: keep accepting connections until the load balancer has removed them"}}
}

// EndByItself lets a process end without being killed.
func EndByItself() []Advice {
	return []Advice{
		{Where: Everywhere, Words: "find out what keeps the process from exiting: connections that stay open, or a stop signal that it ignores"},
		{Where: product.Kubernetes, Words: gracePeriod + " above the pre-stop delay plus the time that the process then needs to exit"},
	}
}

const howMuchMore = ": how much more they need is not known"

// FinishRequests lets requests in flight finish. need is in ns; if least is
// true, they may need longer.
func FinishRequests(need int64, least bool) []Advice {
	grace := DelayFor(need)
	sec := strconv.FormatInt(WholeSeconds(grace), 10)
	finish := fmt.Sprintf("give requests in flight %s to finish after the stop signal", Short(grace))
	if least {
		finish = fmt.Sprintf("give requests in flight more than %s to finish after the stop signal", Above(need)) + howMuchMore
	}
	set := func(where, words, part, setting, value string) Advice {
		return Advice{Where: where, Words: words, Settings: []record.Remedy{{Part: part, Setting: setting, Value: value, Unit: "s", AtLeast: least}}}
	}
	kubernetes := set(product.Kubernetes, "{}", "pod", gracePeriod, sec)
	kubernetes.Settings[0].Above = preStop
	istio := set("Istio, ASM", "proxy.istio.io/config: {}", "proxy.istio.io/config", "terminationDrainDuration", sec+"s")
	istio.Settings[0].Product = product.Istio
	return []Advice{
		{Where: Everywhere, Words: finish},
		{Where: product.Lab, Words: "{} {}", Settings: []record.Remedy{
			{Part: commandLine, Setting: "--stop", Value: "graceful"},
			{Part: commandLine, Setting: "--grace", Value: Short(grace), Unit: unitOf(grace), AtLeast: least},
		}},
		kubernetes,
		istio,
		set(product.Envoy, "{} before SIGTERM", commandLine, "--drain-time-s", sec),
		set(product.Nginx, "SIGQUIT instead of SIGTERM; {}, or unset", "main", "worker_shutdown_timeout", sec+"s"),
		set(product.HAProxy, "SIGUSR1 instead of SIGTERM; {}, or unset", "global", "hard-stop-after", sec+"s"),
		set(product.Caddy, "{}", "global options", "grace_period", sec+"s"),
	}
}

// StartFirst replaces the only endpoint without an outage. One that was taken away
// other than by a rollout (see record.Mark.Removes) needs another beside it.
func StartFirst(removal string) []Advice {
	if removal != "" {
		return outlast(removal)
	}
	return []Advice{
		{Where: Everywhere, Words: "start the new one first, wait until it is ready, then stop the old one; no pre-stop delay and no longer grace period helps while nothing serves beside it"},
		{
			Where: product.Kubernetes, Words: "strategy RollingUpdate with {} and {} instead of Recreate; two replicas or more, and a PodDisruptionBudget",
			Settings: []record.Remedy{
				{Part: "deployment", Setting: "strategy.rollingUpdate.maxUnavailable", Value: "0"},
				{Part: "deployment", Setting: "strategy.rollingUpdate.maxSurge", Value: "1"},
			},
		},
		{Where: "Docker Compose", Words: "order: start-first under deploy.update_config"},
		{Where: "systemd", Words: "socket activation (a .socket unit): connections wait in the socket while the service restarts"},
	}
}

// DelayFor returns the delay that covers a measured need, in ns, rounded up. It
// adds a fifth, and at least 25 ms, because the next event may take a little
// longer.
func DelayFor(need int64) time.Duration {
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

// WholeSeconds rounds up, for settings that take seconds.
func WholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Short formats a duration as flags take it, without the zeros of
// Duration.String.
func Short(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatFloat(float64(d)/1e6, 'f', -1, 64) + unitOf(d)
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + unitOf(d)
}

// Above is Short of a time in ns, rounded up to the precision that a person would
// write.
func Above(need int64) string {
	d, step := time.Duration(need), time.Microsecond
	switch {
	case d > time.Second:
		step = 100 * time.Millisecond
	case d > 10*time.Millisecond:
		step = time.Millisecond
	}
	return Short((d + step - 1).Truncate(step))
}

// unitOf returns the unit that Short writes.
func unitOf(d time.Duration) string {
	if d < time.Second {
		return "ms"
	}
	return "s"
}
