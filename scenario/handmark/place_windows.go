package handmark

import "os"

// shortTemp is empty: the directory for temporary files is the user's own.
const shortTemp = ""

// trusted has nothing to check, for the same reason.
func trusted(os.FileInfo) bool { return true }
