#include "textflag.h"

// func prefetch(last *byte)
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVD last+0(FP), R0
	ADD  $64, R0, R1
	PRFM (R1), PSTL1KEEP
	ADD  $128, R0, R1
	PRFM (R1), PSTL1KEEP
	RET
