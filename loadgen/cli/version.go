package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"nodrop/loadgen"
)

// Version is the command nodrop version.
func Version(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the commit and the version of Go",
		Example: "nodrop version",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("version: unexpected argument %q", args[0])
			}
			_, err := fmt.Fprintf(s.Out, "nodrop version %s\n", VersionLine())
			return err
		},
	}
}

// VersionLine says what this program was built from, and with what.
func VersionLine() string {
	info, _ := debug.ReadBuildInfo()
	return fmt.Sprintf("%s (%s, %s %s/%s)", loadgen.Version, commitOf(info), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// commitOf returns the commit that a program was built from. The go command
// stamps it only when it builds in a clone.
func commitOf(info *debug.BuildInfo) string {
	if info == nil {
		return "commit unknown"
	}
	stamps := map[string]string{}
	for _, s := range info.Settings {
		stamps[s.Key] = s.Value
	}
	commit := stamps["vcs.revision"]
	switch {
	case commit == "":
		return "commit unknown"
	case stamps["vcs.modified"] == "true":
		return "commit " + commit + " and changes"
	default:
		return "commit " + commit
	}
}
