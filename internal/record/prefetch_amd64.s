#include "textflag.h"

// func prefetch(last *byte, lines int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ last+0(FP), AX
	MOVQ lines+8(FP), CX
next:
	ADDQ $64, AX
	PREFETCHT0 (AX)
	DECQ CX
	JG   next
	RET
