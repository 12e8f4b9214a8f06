package output

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// Temporaries are the files that have not been renamed to their place yet.
type Temporaries struct {
	mu    sync.Mutex // guards paths
	paths map[string]bool
}

// create creates a temporary file in the directory of path.
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

// settle renames a temporary file to its place.
func (t *Temporaries) settle(path, place string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := os.Rename(path, place); err != nil {
		return err
	}
	delete(t.paths, path)
	return nil
}

func (t *Temporaries) remove(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paths[path] {
		_ = os.Remove(path)
		delete(t.paths, path)
	}
}

// RemoveAll deletes all temporary files when the program exits. It keeps the
// lock, so that no file can be created or renamed afterwards.
func (t *Temporaries) RemoveAll() {
	t.mu.Lock()
	for path := range t.paths {
		_ = os.Remove(path)
	}
}
