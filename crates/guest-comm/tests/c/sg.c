/* A member of a server group: what libservergroup does, line by line. Ends when a broadcast says "stop". */
#include <server_group.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* visible, though not in the header */
int sg_send_host_msg(const char *msg_type, int seq, const char *data);
int ensure_status_buf_size(unsigned int size);
int handle_status_resp(unsigned int seqnum, const char *msg, unsigned int len);
int handle_status_resp_done(unsigned int seqnum);
int dispatch_sg_msg(json_object *message);

static int stop;

static void on_broadcast(char *source_instance, void *msg, unsigned short msglen)
{
    printf("broadcast of %s, %u: %s\n", source_instance, msglen, (char *)msg);
    stop = !strcmp(msg, "stop");
    /* a callback may use the library */
    if (!strcmp(msg, "ask"))
        printf("request %d\n", sg_request_status());
}

static void on_notification(void *msg, unsigned short msglen)
{
    printf("notification %u: %.*s\n", msglen, msglen, (char *)msg);
}

static void on_status(void *msg, unsigned short msglen)
{
    printf("status %u: %.*s\n", msglen, msglen, (char *)msg);
}

int main(void)
{
    alarm(120);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int rc = process_sg_msg();
    printf("before init %d: %s\n", rc, sg_get_error());
    int fd = init_sg(on_broadcast, on_notification, on_status);
    printf("init %s\n", fd >= 0 ? "ok" : sg_get_error());
    rc = init_sg(NULL, NULL, NULL);
    printf("init again %d: %s\n", rc, sg_get_error());
    printf("nothing there %d\n", process_sg_msg());
    printf("broadcast %d\n", sg_msg_broadcast("hello \"you\"", 99));
    printf("request %d\n", sg_request_status());
    printf("send %d\n", sg_send_host_msg("other", 5, NULL));
    printf("room %d %d\n", ensure_status_buf_size(100), ensure_status_buf_size(5000));
    rc = handle_status_resp(1, "{\"a\":1}+", 7);
    printf("direct %d %d\n", rc, handle_status_resp(1, "{\"b\":2}", 7));
    printf("direct done %d\n", handle_status_resp_done(1));
    rc = handle_status_resp_done(1);
    printf("direct done again %d: %s\n", rc, sg_get_error());
    json_object *message =
        json_tokener_parse("{\"msg_type\":\"broadcast\",\"source_instance\":\"instance-1\",\"data\":\"direct\"}");
    printf("dispatch %d\n", dispatch_sg_msg(message));
    json_object_put(message);
    while (!stop) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        poll(&ready, 1, -1);
        if (process_sg_msg() != 0)
            printf("error: %s\n", sg_get_error());
    }
    return 0;
}
