#include "formats/android/dex_opcode.h"

/* Short names, so that a row of sixteen opcodes fits on two lines: the reference kind, then the width. */
#define REF(kind, width) (PK_DEX_REF_##kind << PK_DEX_REF_SHIFT | (width))
#define FLD2             REF(FIELD, 2)
#define GEN4             REF(GENERIC, 4)
#define HND2             REF(HANDLE, 2)
#define JMB3             REF(JUMBO, 3)
#define MTH3             REF(METHOD, 3)
#define NOP1             REF(NOP, 1)
#define PRO2             REF(PROTO, 2)
#define SIT3             REF(SITE, 3)
#define STR2             REF(STRING, 2)
#define TYP2             REF(TYPE, 2)
#define TYP3             REF(TYPE, 3)
#define UNU1             REF(UNUSED, 1)

/* clang-format off */
const uint8_t pk_dex_opcodes[256] = {
    /*          0     1     2     3     4     5     6     7     8     9     a     b     c     d     e     f */
    /* 00 */ NOP1, 1,    2,    3,    1,    2,    3,    1,    2,    3,    1,    1,    1,    1,    1,    1,
    /* 10 */ 1,    1,    1,    2,    3,    2,    2,    3,    5,    2,    STR2, JMB3, TYP2, 1,    1,    TYP2,
    /* 20 */ TYP2, 1,    TYP2, TYP2, TYP3, TYP3, 3,    1,    1,    2,    3,    3,    3,    2,    2,    2,
    /* 30 */ 2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    UNU1, UNU1,
    /* 40 */ UNU1, UNU1, UNU1, UNU1, 2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,
    /* 50 */ 2,    2,    FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2,
    /* 60 */ FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, FLD2, MTH3, MTH3,
    /* 70 */ MTH3, MTH3, MTH3, UNU1, MTH3, MTH3, MTH3, MTH3, MTH3, UNU1, UNU1, 1,    1,    1,    1,    1,
    /* 80 */ 1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,
    /* 90 */ 2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,
    /* a0 */ 2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,
    /* b0 */ 1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,
    /* c0 */ 1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,    1,
    /* d0 */ 2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,    2,
    /* e0 */ 2,    2,    2,    UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1,
    /* f0 */ UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, UNU1, GEN4, GEN4, SIT3, SIT3, HND2, PRO2,
};
/* clang-format on */
