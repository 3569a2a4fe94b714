/* report_css.h - data/report/report.css, carried by the program. */
#pragma once

#include "base/slice.h"

struct pk_slice pk_report_css(void);
