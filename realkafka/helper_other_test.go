//go:build !unix

package realkafka

// helperEnv is not used here: nothing ties children to their parent.
const helperEnv = "REALKAFKA_TEST_HELPER"

func runHelper(string) {}
