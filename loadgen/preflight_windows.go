package loadgen

func maxFiles() int64 { return 0 }
