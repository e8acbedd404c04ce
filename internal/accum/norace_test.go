//go:build !race

package accum

const raceDetector = false
