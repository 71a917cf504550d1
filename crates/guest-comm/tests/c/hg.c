/* An application on a host: what libhostguestmsg does, line by line. Ends when it is sent {"stop":...}. */
#include <cgcs/host_guest_msg.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static hg_info_t *info;
static int stop;

static void handler(const char *source_addr, const char *source_instance, struct json_object *message)
{
    struct json_object *ignored;
    printf("from %s of %s: %s\n", source_addr, source_instance,
           json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN));
    stop = json_object_object_get_ex(message, "stop", &ignored);
    /* a callback may use the library */
    if (json_object_object_get_ex(message, "answer", &ignored))
        printf("answer %d\n", hg_send_msg(info, source_addr, source_instance, "{\"answered\":true}"));
}

int main(void)
{
    hg_info_t *other = NULL;
    alarm(120);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("layout %zu: %zu %zu %zu %zu %zu\n", sizeof(hg_info_t), offsetof(hg_info_t, sock),
           offsetof(hg_info_t, svaddr), offsetof(hg_info_t, svaddrlen), offsetof(hg_info_t, errorbuf),
           offsetof(hg_info_t, hg_msg_handler));
    int fd = hg_init(handler, "host.app", &info);
    printf("init %s\n", fd >= 0 && fd == info->sock ? "ok" : hg_get_error(info));
    printf("init again %d: ", hg_init(handler, "host.app", &other));
    printf("%s\n", hg_get_error(other));
    free(other);
    printf("send %d\n", hg_send_msg(info, "my.app", "instance-0000000a", "{\"a\":1}"));
    int rc = hg_send_msg(info, "my.app", "instance-0000000a", "{");
    printf("send nonsense %d: %s\n", rc, hg_get_error(info));
    while (!stop) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        poll(&ready, 1, -1);
        if (hg_process_msg(info) != 0)
            printf("error: %s\n", hg_get_error(info));
    }
    return 0;
}
