package cli

import (
	"embed"

	"nodrop/loadgen/cli"
)

//go:embed help
var topicFiles embed.FS

// Topics returns the pages of nodrop help about what happens during a load.
func Topics() []cli.Topic {
	return cli.ReadTopics(topicFiles, "gateways", "scenarios", "find", "kubernetes", "prove")
}
