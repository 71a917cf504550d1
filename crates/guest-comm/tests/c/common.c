/* libguest_common_api, function by function. The argument is a directory for sockets. */
#include <guest_api_debug.h>
#include <guest_api_stream.h>
#include <guest_api_types.h>
#include <guest_api_unix.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

static void put(GuestApiStreamT *stream, const char *bytes)
{
    int length = strlen(bytes);
    memcpy(stream->end_ptr, bytes, length);
    stream->end_ptr += length;
    stream->size += length;
    stream->avail -= length;
}

static void show(const char *what, GuestApiStreamT *stream)
{
    printf("%s: [%.*s] size %d avail %d max %d end %td\n", what, stream->size, stream->bytes, stream->size,
           stream->avail, stream->max_size, stream->end_ptr - stream->bytes);
}

static void streams(void)
{
    GuestApiStreamT stream;
    int get;
    char delimiter[] = "FDFD";
    printf("layout %zu: %zu %zu %zu %zu %zu %zu %zu\n", sizeof(stream), offsetof(GuestApiStreamT, delimiter),
           offsetof(GuestApiStreamT, delimiter_size), offsetof(GuestApiStreamT, end_ptr),
           offsetof(GuestApiStreamT, bytes), offsetof(GuestApiStreamT, avail), offsetof(GuestApiStreamT, size),
           offsetof(GuestApiStreamT, max_size));
    printf("setup %d\n", guest_api_stream_setup(delimiter, 4, 32, &stream));
    memset(delimiter, 0, sizeof(delimiter));
    show("empty", &stream);
    get = guest_api_stream_get(&stream);
    printf("get %d next %d\n", get, guest_api_stream_get_next(&stream));
    put(&stream, "junkFDFDoneFDFDtwo");
    get = guest_api_stream_get(&stream);
    printf("get %d next %d\n", get, guest_api_stream_get_next(&stream));
    show("at one", &stream);
    guest_api_stream_advance(4, &stream);
    printf("next %d\n", guest_api_stream_get_next(&stream));
    show("at two", &stream);
    guest_api_stream_advance(7, &stream);
    show("all", &stream);
    /* the delimiter in the middle of what there is */
    put(&stream, "1234FDFD");
    printf("next %d\n", guest_api_stream_get_next(&stream));
    show("middle", &stream);
    guest_api_stream_reset(&stream);
    put(&stream, "FDFxFD");
    get = guest_api_stream_get(&stream);
    printf("get %d next %d\n", get, guest_api_stream_get_next(&stream));
    show("none", &stream);
    put(&stream, "abc");
    guest_api_stream_reset(&stream);
    show("reset", &stream);
    put(&stream, "abc");
    guest_api_stream_advance(100, &stream);
    show("too far", &stream);
    GuestApiErrorT released = guest_api_stream_release(&stream);
    printf("release %d bytes %s\n", released, stream.bytes ? "left" : "gone");
    printf("null %d %d\n", guest_api_stream_setup(NULL, 4, 32, &stream), guest_api_stream_setup("a", 1, 32, NULL));
}

static void sockets(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char buffer[16];
    int s, got = -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/api", dir);
    printf("open %d\n", guest_api_unix_open(&s));
    printf("nobody %s\n", guest_api_error_str(guest_api_unix_connect(s, address.sun_path)));
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, sizeof(address));
    printf("not listening %s\n", guest_api_error_str(guest_api_unix_connect(s, address.sun_path)));
    listen(listener, 1);
    printf("connect %s\n", guest_api_error_str(guest_api_unix_connect(s, address.sun_path)));
    int peer = accept(listener, NULL, NULL);
    GuestApiErrorT error = guest_api_unix_receive(s, buffer, sizeof(buffer), &got);
    printf("nothing there %s\n", guest_api_error_str(error));
    printf("send %s\n", guest_api_error_str(guest_api_unix_send(s, "hello", 6)));
    printf("peer got %s\n", read(peer, buffer, sizeof(buffer)) == 6 ? buffer : "?");
    if (write(peer, "there", 6) != 6)
        return;
    error = guest_api_unix_receive(s, buffer, sizeof(buffer), &got);
    printf("receive %s %d %s\n", guest_api_error_str(error), got, buffer);
    close(peer);
    error = guest_api_unix_receive(s, buffer, sizeof(buffer), &got);
    printf("end %s %d\n", guest_api_error_str(error), got);
    printf("send to none %s\n", guest_api_error_str(guest_api_unix_send(s, "hello", 6)));
    printf("close %d, of none %d\n", guest_api_unix_close(s), guest_api_unix_close(-1));
    printf("closed %s\n", guest_api_error_str(guest_api_unix_send(s, "hello", 6)));
    close(listener);
}

int main(int argc, char **argv)
{
    alarm(120);
    /* what is logged is seen on standard error, too */
    openlog("common", LOG_PERROR, LOG_USER);
    for (int error = 0; error <= 4; error++)
        printf("error %d %s\n", error, guest_api_error_str(error));
    for (int level = 0; level <= 4; level++)
        printf("level %d %s %d\n", level, guest_api_debug_log_level_str(level), guest_api_debug_want_log(level));
    guest_api_debug_set_log_level(GUEST_API_DEBUG_LOG_LEVEL_VERBOSE);
    printf("verbose %d\n", guest_api_debug_want_log(GUEST_API_DEBUG_LOG_LEVEL_VERBOSE));
    printf("initialize %d\n", guest_api_debug_initialize("common"));
    printf("verbose %d\n", guest_api_debug_want_log(GUEST_API_DEBUG_LOG_LEVEL_VERBOSE));
    DPRINTFE("all kinds: %s %d %u %ld %c %x %d %d %.2f %.1f %s", "text", -1, 2u, 3L, 'c', 255, 6, 7, 8.5, 9.5, "end");
    guest_api_debug_log("%0300d", 7);
    printf("finalize %d\n", guest_api_debug_finalize());
    streams();
    sockets(argc > 1 ? argv[1] : ".");
    return 0;
}
