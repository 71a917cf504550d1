/* Types that the guest libraries share. */
#ifndef GUEST_API_TYPES_H
#define GUEST_API_TYPES_H

#ifdef __cplusplus
extern "C" {
#endif

/* What became of a call. */
typedef enum {
    GUEST_API_OKAY,
    GUEST_API_FAILED,
    GUEST_API_INTERRUPTED,
    GUEST_API_TRY_AGAIN,
} GuestApiErrorT;

/* OKAY, FAILED, INTERRUPTED, TRY_AGAIN or ???; in libguest_common_api. */
extern const char* guest_api_error_str(GuestApiErrorT error);

#ifdef __cplusplus
}
#endif

#endif
