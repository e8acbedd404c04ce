#include "textflag.h"

// func prefetch(last *byte, lines int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVD last+0(FP), R0
	MOVD lines+8(FP), R1
next:
	ADD  $64, R0
	PRFM (R0), PSTL1KEEP
	SUBS $1, R1
	BGT  next
	RET
