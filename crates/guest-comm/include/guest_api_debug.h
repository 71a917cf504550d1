/*
 * Lines of the guest API libraries and their users in the system log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef __GUEST_API_DEBUG_H__
#define __GUEST_API_DEBUG_H__

#include <stdbool.h>

#include "guest_api_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    GUEST_API_DEBUG_LOG_LEVEL_ERROR,
    GUEST_API_DEBUG_LOG_LEVEL_INFO,
    GUEST_API_DEBUG_LOG_LEVEL_DEBUG,
    GUEST_API_DEBUG_LOG_LEVEL_VERBOSE,
} GuestApiDebugLogLevelT;

/* Its name. */
extern const char* guest_api_debug_log_level_str(GuestApiDebugLogLevelT level);

/* Lines up to this level are wanted; at first up to INFO. */
extern void guest_api_debug_set_log_level(GuestApiDebugLogLevelT level);
extern bool guest_api_debug_want_log(GuestApiDebugLogLevelT level);

/* A line of at most 255 bytes, whatever the level. */
extern void guest_api_debug_log(const char* format, ...) __attribute__((format(printf, 1, 2)));

extern GuestApiErrorT guest_api_debug_initialize(char process_name[]);
extern GuestApiErrorT guest_api_debug_finalize(void);

/* A line with its level and place, if its level is wanted. */
#define DPRINTF(level, format, args...) \
    do { \
        if (guest_api_debug_want_log(level)) \
            guest_api_debug_log("%s: %s(%i): " format, guest_api_debug_log_level_str(level), __FILE__, __LINE__, \
                                ##args); \
    } while (0)
#define DPRINTFE(format, args...) DPRINTF(GUEST_API_DEBUG_LOG_LEVEL_ERROR, format, ##args)
#define DPRINTFI(format, args...) DPRINTF(GUEST_API_DEBUG_LOG_LEVEL_INFO, format, ##args)
#define DPRINTFD(format, args...) DPRINTF(GUEST_API_DEBUG_LOG_LEVEL_DEBUG, format, ##args)
#define DPRINTFV(format, args...) DPRINTF(GUEST_API_DEBUG_LOG_LEVEL_VERBOSE, format, ##args)

#ifdef __cplusplus
}
#endif

#endif
