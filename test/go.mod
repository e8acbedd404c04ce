module github.com/afkak-go/afkak/test

go 1.25.0

require github.com/afkak-go/afkak v0.0.0

replace github.com/afkak-go/afkak => ..
