package output

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// Temporaries are the files that are not in their place yet.
type Temporaries struct {
	mu    sync.Mutex // guards paths
	paths map[string]bool
}

// create makes the file that will be settled at path, beside it.
func (t *Temporaries) create(path string) (*os.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%x", filepath.Base(path), rand.Uint64()))
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	if t.paths == nil {
		t.paths = map[string]bool{}
	}
	t.paths[temporary] = true
	return f, nil
}

// settle puts a file in its place.
func (t *Temporaries) settle(path, place string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := os.Rename(path, place); err != nil {
		return err
	}
	delete(t.paths, path)
	return nil
}

// remove forgets a file and what was written to it.
func (t *Temporaries) remove(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paths[path] {
		_ = os.Remove(path)
		delete(t.paths, path)
	}
}

// RemoveAll is for the end of the program: it leaves the lock closed, so that
// no file is made or moved any more.
func (t *Temporaries) RemoveAll() {
	t.mu.Lock()
	for path := range t.paths {
		_ = os.Remove(path)
	}
}
