package cli

import (
	"context"

	"nodrop/loadgen/misuse"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/prove"
)

// checkProof checks the flags of a proof in the lab. As it is, the fleet stops in
// one way only.
func (o *labOptions) checkProof() error {
	v := o.flags
	if !v.prove {
		if v.set.Changed("rounds") {
			return &misuse.Error{Problem: "--rounds: only with --prove", Hint: "nodrop lab --prove"}
		}
		return nil
	}
	if !v.set.Changed("stop") {
		v.stop = string(gateway.Abrupt)
	}
	if !v.set.Changed("settle") {
		v.settle = changedSettle
	}
	stops, err := parseStopModes(v.stop)
	switch {
	case err != nil:
		return err
	case len(stops) > 1:
		return &misuse.Error{Problem: "--stop " + v.stop + ": with --prove, name the one way to stop that is to be fixed", Hint: "--stop " + string(stops[0])}
	case v.set.Changed("find"):
		return &misuse.Error{Problem: "--find: not with --prove", Hint: "give one of them"}
	case v.HasClient():
		return &misuse.Error{Problem: "--client: not with --prove, which needs to know what nodrop's own load lost", Hint: "leave out --client"}
	case len(*o.checks) > 0:
		return &misuse.Error{Problem: "--fail-if: not with --prove, which fails unless the losses are fixed", Hint: "leave out --fail-if"}
	}
	return checkRounds(v.rounds)
}

// proveLab proves what the flags describe. It asks nothing: it changes only its
// own fleet.
func (o *labOptions) proveLab(ctx context.Context) error {
	e, err := o.flags.experiment()
	if err != nil {
		return err
	}
	proof := e.Proof(o.Err)
	proof.Rounds = o.flags.rounds
	proof.Approve = func(_ context.Context, fix *prove.Fix) (string, error) {
		o.announce(fix)
		return "", nil
	}
	out, err := o.Open(*o.outputs)
	if err != nil {
		return err
	}
	return o.proveInto(ctx, proof, out, "")
}
