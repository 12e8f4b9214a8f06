package scenario

import "context"

// Keep runs an action whose change is to stay, and undoes it only if it fails.
// Until it is over, the change is among what an exit would leave behind.
func (i *Interrupts) Keep(ctx context.Context, a Action) error {
	c := &changes{interrupts: i}
	if err := c.do(ctx, "", a, &Env{Mark: func(Moment) {}}); err != nil {
		return Joined(err, c.undo(ctx))
	}
	i.ledger.done(c.list[0].entry, true)
	return nil
}
