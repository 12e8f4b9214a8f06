package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"nodrop/loadgen/misuse"
	"nodrop/report"
	"nodrop/report/history"
	"nodrop/report/output"
)

// runHistory lists the past recordings of a directory and, if there is a new one
// or a check, judges that.
func (o *compareOptions) runHistory() error {
	if err := o.misfits(); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	q := history.Request{Directory: o.history, Variant: o.variant, Judged: len(o.files)+len(o.checks) > 0}
	var newFile os.FileInfo
	if len(o.files) == 1 {
		var err error
		if q.New, err = remember(o.files[0], o.files[0]); err != nil {
			return err
		}
		if newFile, err = os.Stat(o.files[0]); err != nil {
			return err
		}
	}
	names, err := recordingsIn(o.history)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(o.history, name)
		if info, err := os.Stat(path); err == nil && newFile != nil && os.SameFile(info, newFile) {
			continue // it is not its own past
		}
		r, err := remember(name, path)
		if err != nil {
			q.Left = append(q.Left, history.Left{File: name, Reason: withoutPath(err, path), Why: history.Unreadable})
			continue
		}
		q.Recordings = append(q.Recordings, r)
	}
	r, err := report.InHistory(q, o.checks)
	if err != nil {
		return err
	}
	return o.write(r)
}

// misfits rejects arguments that a history does not take.
func (o *compareOptions) misfits() error {
	switch {
	case len(o.base) > 0:
		return &misuse.Error{Problem: "compare: --base with --history", Hint: "the history takes the place of the base: nodrop compare --history DIR NEW"}
	case len(o.next) > 0:
		return &misuse.Error{Problem: "compare: --new with --history", Hint: "give the new recording as an argument: nodrop compare --history DIR NEW"}
	case len(o.files) > 1:
		return &misuse.Error{Problem: fmt.Sprintf("compare: want at most one file with --history, got %d", len(o.files)), Hint: "the history takes the place of BASE: nodrop compare --history DIR NEW"}
	case o.history == "":
		return &misuse.Error{Problem: `--history "": no directory given`, Hint: "nodrop compare --history DIR [NEW]"}
	}
	return nil
}

// endings are those of the files in a directory that may be recordings.
var endings = []string{".json", ".ndjson", ".json.gz", ".ndjson.gz"}

// recordingsIn lists the files in a directory that may be recordings. Hidden ones
// are not: outputs under way are hidden.
func recordingsIn(directory string) ([]string, error) {
	info, err := os.Stat(directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &misuse.Error{Problem: fmt.Sprintf("--history %s: no such directory", directory), Hint: "give the directory with the recordings that -o json=FILE saved"}
	case err != nil:
		return nil, fmt.Errorf("--history %s: %s", directory, withoutPath(err, directory))
	case !info.IsDir():
		return nil, &misuse.Error{Problem: fmt.Sprintf("--history %s: not a directory", directory), Hint: "give the directory of the past recordings: nodrop compare --history DIR [NEW]"}
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, fmt.Errorf("--history %s: %s", directory, withoutPath(err, directory))
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || !entry.Type().IsRegular() && entry.Type() != fs.ModeSymlink {
			continue
		}
		for _, ending := range endings {
			if strings.HasSuffix(name, ending) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// remember reads a recording and keeps what a history needs of it.
func remember(name, path string) (*history.Recording, error) {
	recording, err := output.Read(path)
	if err != nil {
		return nil, err
	}
	switch {
	case recording.Search != nil:
		return nil, fmt.Errorf("%s: its runs are the trials of a search", path)
	case recording.Proof != nil:
		return nil, fmt.Errorf("%s: its runs are those of a proof, with different changes", path)
	case len(recording.Runs) == 0:
		return nil, fmt.Errorf("%s: no runs", path)
	}
	return report.Remember(name, recording), nil
}

// withoutPath is what an error says, without the path that the reader knows.
func withoutPath(err error, path string) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), path+": ")
}
