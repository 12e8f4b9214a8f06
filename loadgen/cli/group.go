package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// Group is a group of flags in help.
type Group string

// The groups of all commands.
const (
	GroupLab        Group = "Lab"
	GroupGateways   Group = "Gateways"
	GroupScenario   Group = "Scenario"
	GroupRecordings Group = "Recordings"
	GroupMark       Group = "Mark"
	GroupProof      Group = "Proof"
	GroupLoad       Group = "Load"
	GroupRequest    Group = "Request"
	GroupConnection Group = "Connection"
	GroupTLS        Group = "TLS"
	GroupEvent      Group = "Event"
	GroupKubernetes Group = "Kubernetes"
	GroupOutput     Group = "Output"
	GroupOther      Group = "Other"
)

// Groups lists the groups in the order of help.
func Groups() []Group {
	return []Group{
		GroupLab, GroupGateways, GroupScenario, GroupRecordings, GroupMark, GroupProof, GroupLoad, GroupRequest,
		GroupConnection, GroupTLS, GroupEvent, GroupKubernetes, GroupOutput, GroupOther,
	}
}

// Annotations of a flag.
const (
	groupKey = "nodrop_group"
	valueKey = "nodrop_value"
)

// Hold puts flags of fs into the group: "n N" is the flag -n, whose value help
// calls N; "insecure" is one that takes no value.
func (g Group) Hold(fs *pflag.FlagSet, flags ...string) {
	for _, text := range flags {
		name, value, _ := strings.Cut(text, " ")
		if err := fs.SetAnnotation(name, groupKey, []string{string(g)}); err != nil {
			panic(err) // the flag does not exist
		}
		_ = fs.SetAnnotation(name, valueKey, []string{value}) // it exists
	}
}

// GroupOf returns the group of a flag; "" if it has none.
func GroupOf(f *pflag.Flag) Group { return Group(annotation(f, groupKey)) }

// ValueName returns what help calls the value of a flag; "" if the flag takes
// none.
func ValueName(f *pflag.Flag) string { return annotation(f, valueKey) }

func annotation(f *pflag.Flag, key string) string {
	if values := f.Annotations[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}
