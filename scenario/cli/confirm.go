package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/kube"
)

// confirm prints what a scenario will change in clusters, and asks for
// confirmation unless yes is set. What would fail anyway is not asked.
func (p *Program) confirm(ctx context.Context, s *scenario.Scenario, yes bool) error {
	return p.confirmAll(ctx, []*scenario.Scenario{s}, "this will change", yes)
}

// confirmAll is confirm for several scenarios. what says that they will change
// something.
func (p *Program) confirmAll(ctx context.Context, list []*scenario.Scenario, what string, yes bool) error {
	var lines []string
	for _, s := range list {
		more, err := changes(s)
		if err != nil {
			return err
		}
		for _, line := range more {
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if !yes {
		if err := kube.Check(ctx, list[0].Variants); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.Err, "nodrop: %s:\n  %s\n", what, strings.Join(lines, "\n  "))
	if yes {
		return nil
	}
	in, ok := terminal(p.In)
	if !ok {
		return &misuse.Error{Problem: "cannot ask for confirmation: stdin is not a terminal", Hint: "add --yes to make these changes without asking"}
	}
	fmt.Fprint(p.Err, "Continue? [y/N] ")
	response, _ := bufio.NewReader(in).ReadString('\n')
	if response = strings.ToLower(strings.TrimSpace(response)); response != "y" && response != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// changes returns a line for each change that a scenario will make in a
// cluster.
func changes(s *scenario.Scenario) ([]string, error) {
	var lines []string
	seen := map[string]bool{}
	for _, v := range s.Variants {
		actions := slices.Concat(v.Setup, v.Gate, v.Restore)
		for _, step := range v.Timeline {
			actions = append(actions, step.Action)
		}
		for _, a := range actions {
			announced, err := kube.Announce(a)
			if err != nil {
				return nil, err
			}
			for _, line := range announced {
				line = safetext.CleanLine(s.Mask(line))
				if !seen[line] {
					seen[line], lines = true, append(lines, line)
				}
			}
		}
	}
	return lines, nil
}
