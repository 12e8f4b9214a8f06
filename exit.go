package main

// Exit codes, as the README lists them.
const (
	exitOK           = 0
	exitFail         = 1
	exitMisuse       = 2
	exitInconclusive = 3
	exitInterrupted  = 130
)
