#include "textflag.h"

// func prefetch(last *byte)
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVQ last+0(FP), AX
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	RET
