package offsetfile

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t testing.TB, path string) *Store {
	t.Helper()
	disk, err := OpenDisk(path)
	if err != nil {
		t.Fatal(err)
	}
	return New(disk, disk.Path)
}

func TestWhatIsStoredIsLoadedByAnotherStore(t *testing.T) {
	path := t.TempDir() + "/made/on the way"
	want := map[Place]Offset{
		{"orders", 0}:            {Offset: 120},
		{"orders", 1}:            {Offset: 1<<63 - 1, Metadata: "by host b"},
		{"a \"quoted\" name", 9}: {Metadata: "two\nlines, \xff and \x00"},
	}
	for place, offset := range want {
		if err := open(t, path).Store(t.Context(), "billing", place, offset); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	for place, offset := range want {
		if got, ok, err := s.Load(t.Context(), "billing", place); got != offset || !ok || err != nil {
			t.Errorf("%v: got %v, %v, %v; want %v", place, got, ok, err, offset)
		}
	}
	if _, ok, err := s.Load(t.Context(), "billing", Place{"orders", 2}); ok || err != nil {
		t.Errorf("a partition of which nothing is stored: %v, %v", ok, err)
	}
	if _, ok, err := s.Load(t.Context(), "shipping", Place{"orders", 0}); ok || err != nil {
		t.Errorf("a group of which nothing is stored: %v, %v", ok, err)
	}
}

func TestManyStoresOfOneFolderLoseNothing(t *testing.T) {
	path := t.TempDir()
	const stores, times = 4, 8
	var wg sync.WaitGroup
	for n := range stores {
		s := open(t, path)
		wg.Go(func() {
			for i := range times {
				if err := s.Store(t.Context(), "billing", Place{"orders", int32(n)}, Offset{Offset: int64(i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s := open(t, path)
	for n := range stores {
		if got, _, err := s.Load(t.Context(), "billing", Place{"orders", int32(n)}); got.Offset != times-1 || err != nil {
			t.Errorf("partition %d: got %v, %v", n, got, err)
		}
	}
}

func TestDamageIsAnErrorThatNamesTheFileAndNeverAnOffset(t *testing.T) {
	whole := encode("billing", map[Place]Offset{place: {Offset: 120, Metadata: "m"}, {"orders", 4}: {Offset: 1}})
	damaged := map[string][]byte{
		"empty": {}, "of something else": []byte("hello\n"), "of another group": encode("other", nil),
	}
	for n := 1; n < len(whole); n++ {
		damaged["cut off to "+string(whole[:n])] = whole[:n]
		flipped := slices.Clone(whole)
		flipped[n] ^= 1
		damaged["with a flipped bit: "+string(flipped)] = flipped
	}
	d := newDrive()
	s := onDrive(d)
	for name, content := range damaged {
		d.now[fileName("billing")] = &inode{now: content}
		var corrupt *CorruptError
		if got, ok, err := s.Load(t.Context(), "billing", place); !errors.As(err, &corrupt) || ok || !strings.Contains(err.Error(), fileName("billing")) {
			t.Errorf("%s: got %v, %v, %v", name, got, ok, err)
		}
		if err := s.Store(t.Context(), "billing", place, Offset{}); !errors.As(err, &corrupt) || !slices.Equal(d.now[fileName("billing")].now, content) {
			t.Errorf("%s: storing over it: %v", name, err)
		}
	}
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	disk, err := OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := disk.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	other, err := os.OpenFile(disk.Path(".lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if locked, err := tryLock(other); locked || err != nil {
		t.Skipf("this system has no locks here: %v, %v", locked, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := New(disk, disk.Path).Store(ctx, "billing", place, Offset{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestGroupsHaveFilesOfTheirOwn(t *testing.T) {
	names := map[string]string{}
	for _, group := range []string{
		"", ".", "..", "a", "A", "a/b", "a%2fb", "a\\b", "con", "ä", ".lock", strings.Repeat("x", 300), strings.Repeat("x", 301),
	} {
		name := fileName(group)
		if other, taken := names[strings.ToLower(name)]; taken {
			t.Errorf("%q and %q share %s", group, other, name)
		}
		names[strings.ToLower(name)] = group
		if len(name)+len(".tmp") > 255 || strings.ContainsAny(name, `/\:*?"<>|`) || name[0] == '.' && group != "" {
			t.Errorf("%q: %s", group, name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode("billing", map[Place]Offset{place: {Offset: 1, Metadata: "m"}}))
	f.Add([]byte(header + "\"g\"\nend 0 crc32c 00000000\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		group, offsets, err := decode(b)
		if err != nil {
			return
		}
		again, same, err := decode(encode(group, offsets))
		if err != nil || again != group || !maps.Equal(same, offsets) {
			t.Errorf("%q, %v came back as %q, %v: %v", group, offsets, again, same, err)
		}
	})
}
