package main

// entrypointOf is what an image runs that is not ours to pull: the same program,
// as this machine has it installed.
func entrypointOf(image string) []string {
	switch image {
	case "docker.io/kennethreitz/httpbin":
		return []string{"gunicorn", "--bind", "$(POD_IP):80", "--workers", "2", "--worker-class", "gthread", "--threads", "8", "httpbin:app"}
	}
	return nil
}
