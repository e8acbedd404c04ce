package offsetfile

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"testing"
)

// drive is a folder on a machine that may stop at any step. Names and contents
// are durable only once they were synced; of what was not, anything may be
// there after a crash.
type drive struct {
	now, durable map[string]*inode
	renamed      []map[string]*inode // every state of the names since the last Sync
	steps        int                 // left until the crash; negative: none
	forgets      string              // a call that does nothing, to see whether that is found out
}

type inode struct{ now, durable []byte }

var errCrash = errors.New("the machine has stopped")

func newDrive() *drive {
	return &drive{now: map[string]*inode{}, durable: map[string]*inode{}, steps: -1}
}

// step is called before everything that the drive does.
func (d *drive) step() error {
	if d.steps == 0 {
		return errCrash
	}
	d.steps--
	return nil
}

func (d *drive) Lock(context.Context) (func(), error) { return func() {}, d.step() }

func (d *drive) Read(name string) ([]byte, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	file, ok := d.now[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(file.now), nil
}

func (d *drive) Create(name string) (File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	file := d.now[name]
	if file == nil {
		file = &inode{}
		d.now[name] = file
		d.renamed = append(d.renamed, maps.Clone(d.now))
	}
	file.now = nil
	return &handle{d, file}, nil
}

func (d *drive) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	d.now[to] = d.now[from]
	delete(d.now, from)
	d.renamed = append(d.renamed, maps.Clone(d.now))
	return nil
}

func (d *drive) Sync() error {
	if err := d.step(); err != nil {
		return err
	}
	if d.forgets != "sync names" {
		d.durable, d.renamed = maps.Clone(d.now), nil
	}
	return nil
}

type handle struct {
	d    *drive
	file *inode
}

func (h *handle) Write(p []byte) (int, error) {
	if err := h.d.step(); err != nil {
		return 0, err
	}
	h.file.now = append(h.file.now, p...)
	return len(p), nil
}

func (h *handle) Sync() error {
	if err := h.d.step(); err != nil {
		return err
	}
	if h.d.forgets != "sync content" {
		h.file.durable = slices.Clone(h.file.now)
	}
	return nil
}

func (h *handle) Close() error { return h.d.step() }

// remains lists what may be there when the machine is back: every state that
// the names were in, with content that was not synced there, gone or in part.
func (d *drive) remains() (all []*drive) {
	for _, names := range append([]map[string]*inode{d.durable}, d.renamed...) {
		for _, part := range []int{0, 1, 2, 3} {
			left := newDrive()
			for name, file := range names {
				content := slices.Clone(file.durable)
				if !slices.Equal(file.now, file.durable) && part > 0 {
					content = slices.Clone(file.now[:len(file.now)*part/3])
				}
				left.now[name] = &inode{now: content, durable: content}
			}
			left.durable = maps.Clone(left.now)
			all = append(all, left)
		}
	}
	return all
}

var place = Place{Topic: "orders", Partition: 3}

func onDrive(d *drive) *Store { return New(d, func(name string) string { return name }) }

// crashes stores an offset after the one before, with a crash at every step,
// and reports what is wrong afterwards, if anything.
func crashes(t *testing.T, before int64, forgets string) (wrong []string) {
	t.Helper()
	for steps := 0; ; steps++ {
		d := newDrive()
		if before > 0 {
			if err := onDrive(d).Store(t.Context(), "billing", place, Offset{Offset: before}); err != nil {
				t.Fatal(err)
			}
		}
		d.forgets, d.steps = forgets, steps
		stored := onDrive(d).Store(t.Context(), "billing", place, Offset{Offset: before + 1})
		if stored != nil && !errors.Is(stored, errCrash) {
			t.Fatalf("after %d steps: %v", steps, stored)
		}
		for _, left := range d.remains() {
			got, _, err := onDrive(left).Load(t.Context(), "billing", place)
			switch {
			case err != nil:
				wrong = append(wrong, err.Error())
			case stored == nil && got.Offset != before+1:
				wrong = append(wrong, "what was stored is lost")
			case got.Offset != before && got.Offset != before+1:
				wrong = append(wrong, "what was stored before is lost")
			}
			if err := onDrive(left).Store(t.Context(), "billing", place, Offset{Offset: before + 2}); err != nil && len(wrong) == 0 {
				t.Errorf("after %d steps, storing again: %v", steps, err)
			}
		}
		if stored == nil {
			if steps < 6 {
				t.Fatalf("only %d steps were there to crash at", steps)
			}
			return wrong
		}
	}
}

func TestACrashAtAnyStepLosesNothingThatWasStored(t *testing.T) {
	for name, before := range map[string]int64{"first": 0, "second": 1} {
		for _, wrong := range crashes(t, before, "") {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

func TestTheCrashesFindAMissingSync(t *testing.T) {
	for _, forgets := range []string{"sync content", "sync names"} {
		if len(crashes(t, 1, forgets)) == 0 {
			t.Errorf("nobody noticed a store that does not %s", forgets)
		}
	}
}
