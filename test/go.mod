module github.com/afkak-go/afkak/test

go 1.25.0

require (
	github.com/afkak-go/afkak v0.0.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/pierrec/lz4/v4 v4.1.33 // indirect
)

replace github.com/afkak-go/afkak => ..
