/* What applications of old were compiled against: the contract's tables, as assertions. Contract: guest 2.2. */
#include <stddef.h>
#include <stdio.h>

#include "guest_heartbeat_api.h"

#define CHECK(what) _Static_assert(what, #what)

CHECK(sizeof(GuestHeartbeatApiInitDataT) == 64);
CHECK(offsetof(GuestHeartbeatApiInitDataT, application_name) == 0);
CHECK(offsetof(GuestHeartbeatApiInitDataT, heartbeat_interval_ms) == 40);
CHECK(offsetof(GuestHeartbeatApiInitDataT, vote_secs) == 44);
CHECK(offsetof(GuestHeartbeatApiInitDataT, shutdown_notice_secs) == 48);
CHECK(offsetof(GuestHeartbeatApiInitDataT, suspend_notice_secs) == 52);
CHECK(offsetof(GuestHeartbeatApiInitDataT, resume_notice_secs) == 56);
CHECK(offsetof(GuestHeartbeatApiInitDataT, corrective_action) == 60);
CHECK(sizeof(GuestHeartbeatApiCallbacksT) == 24);
CHECK(offsetof(GuestHeartbeatApiCallbacksT, register_state) == 0);
CHECK(offsetof(GuestHeartbeatApiCallbacksT, health_check) == 8);
CHECK(offsetof(GuestHeartbeatApiCallbacksT, action_notify) == 16);
CHECK(GUEST_API_OKAY == 0 && GUEST_API_FAILED == 1 && GUEST_API_INTERRUPTED == 2 && GUEST_API_TRY_AGAIN == 3);
CHECK(GUEST_HEARTBEAT_API_ACTION_MAX == 5 && GUEST_HEARTBEAT_API_ACTION_LOG == 4);
CHECK(GUEST_HEARTBEAT_API_EVENT_MAX == 13 && GUEST_HEARTBEAT_API_EVENT_RESIZE_END == 8);
CHECK(GUEST_HEARTBEAT_API_NOTIFY_TYPE_MAX == 3 && GUEST_HEARTBEAT_API_VOTE_RESULT_MAX == 4);

static void register_state(bool state) { (void)state; }
static void health_check(bool* health, GuestHeartbeatApiActionT* wanted, char log_msg[])
{
    (void)health, (void)wanted, (void)log_msg;
}
static void action_notify(int id, GuestHeartbeatApiEventT event, GuestHeartbeatApiNotifyTypeT type)
{
    (void)id, (void)event, (void)type;
}

int main(void)
{
    GuestHeartbeatApiCallbacksT callbacks = {register_state, health_check, NULL};
    GuestHeartbeatApiInitDataT data = {.application_name = "layout", .heartbeat_interval_ms = 1000};
    char text[] = "text";

    /* Before anything else: no connection, and nothing is sent. */
    printf("%d", guest_heartbeat_api_get_selobj());
    printf(" %d", guest_heartbeat_api_deregister(text));
    printf(" %d", guest_heartbeat_api_send_action_response(1, 1, 1, 1, text));
    guest_heartbeat_api_dispatch(-1);
    guest_heartbeat_api_dispatch(0);
    /* A callback is missing. */
    printf(" %d", guest_heartbeat_api_initialize(&callbacks));
    callbacks.action_notify = action_notify;
    printf(" %d", guest_heartbeat_api_initialize(&callbacks));
    /* Nobody listens. */
    printf(" %d", guest_heartbeat_api_register(&data));
    printf(" %d", guest_heartbeat_api_finalize());
    printf(" %s %s %s %s\n", guest_heartbeat_api_action_str(2), guest_heartbeat_api_event_str(9),
        guest_heartbeat_api_notify_str(2), guest_heartbeat_api_vote_result_str(99));
    return 0;
}
