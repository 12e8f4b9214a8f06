package lab

import "testing"

func runTestParent() int { return 1 }

func expectNoChildren(*testing.T) {}
