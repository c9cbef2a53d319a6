/* A conveyor PLC on libmodbus: the PLC's side of docs/plc-mailbox.md, written from that page alone.
 *
 * One thread; Modbus TCP on loopback for any number of clients, or RTU as device 1 on a serial line (115200, no parity)
 * when a third argument names one. UP at holding register 0, DOWN at 200. First line on stdout: "listening PORT".
 * Orders come as lines on stdin; each is answered by "ok" after whatever it prints:
 *
 *   induct N              N parcels are inducted; track ids count up from 1 over all sessions
 *   restart [S]           a PLC start: session S or one more, everything forgotten, connections closed
 *   version V             from its next start on it keeps version 1 or 2 of the mailbox; 2 at first
 *   keep N                it keeps N events until they are acknowledged, 1024 at first
 *   seq E C               the next event gets sequence E, the next command must have C (before a host comes)
 *   stall N               keep the next N writes: neither executed nor answered
 *   twice N               execute and answer the next N writes, and keep a copy
 *   late                  execute what is kept, oldest first, a scan after each
 *   chaos SEED S T        from now on keep S % of the writes and copy T %, each executed 5-60 ms later; 0 0 0 ends
 *   drop                  close every connection
 *   mute 0|1              answer nothing; what comes meanwhile is lost
 *   fc23 0|1              function 23 is served, as it is from the start, or refused with exception 1
 *   freeze 0|1            the program stops, the registers are still served
 *   torn N                the newest event is half written for N scans after it came
 *   layout W              UP says layout W; 0 = the right one
 *   slow MS               every answer comes so much later
 *   event T I S V         reports an event of type T, track I, station S, value V
 *   lanes F D, state N    lanes 1-16 full and disabled; PackML state
 *   bench N US LEAD DWELL N parcels, one about every US microseconds (US/2 to 3 US/2, or 3/4 to 5/4 with a portal),
 *                         then "reaction_us ..." (-1 = no route) and "bench done". LEAD > 0: each passes a portal, photo-eye 11, LEAD
 *                         us before its INDUCTED, give or take 1 % as the belt's speed, and stays in it for DWELL us;
 *                         "entered TRACK US" is said as it begins, with the time since 1970, and DIVERTED comes a
 *                         second after INDUCTED
 *   cut                   a bench ends with the parcels that are under way
 *   status                "status session=.. head=.. acked=.. waiting=.. done=.. epoch=.. ack_word=.. refusals=..
 *                         newest=.. seen=.. lost=.. rerouted=..", the last: how often a bench's parcel that had a lane got another
 *   quit
 *
 * Without bench each handled command is a line: "acted SEQ OPCODE VALUE TARGET" or "refused SEQ REASON".
 */
#include <errno.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

enum { UP = 0, DOWN = 200, DOWN_WORDS = 74, REGISTERS = 512, KEPT = 256, BUFFER = 32768, TRACKS = 1 << 20 };

enum { GIVEN_UP_US = 3000000 }; /* a bench's parcel that has no route so long after the last INDUCTED gets none */

typedef struct { uint16_t type, station, cause, value; uint32_t track, ms; } event_t;
typedef struct { uint16_t words[DOWN_WORDS]; int64_t due_us; } kept_t; /* due 0: waits for "late" */

static uint16_t *reg;
static uint16_t session = 1, heartbeat, state = 6, epoch, done, refused, refusal, head, acked, lost, full, disabled;
static uint16_t version = 2, next_version = 2, newest, seen, host_beat;
static int64_t host_us;
static event_t buffer[BUFFER]; /* from first on those behind acked, numbered as far as newest, then those that wait */
static unsigned first, waiting, refusals, rerouted, keep_events = 1024;
static kept_t kept[KEPT];
static int torn, torn_left, slow_ms, layout;
static int kept_count, stall, twice, muted, frozen, quiet, no_fc23, header, chaos_stall, chaos_twice;
static uint32_t next_track = 1;
static int64_t scan_us = 1000, visible_us[TRACKS];

/* The bench's parcels: parcel i has track bench_track + i and is inducted at induct_us[i]. */
static int64_t *samples, *induct_us, *enter_us, bench_lead_us, bench_dwell_us;
static uint16_t *lane_of;
static uint32_t bench_track;
static int bench_total, bench_got, bench_entered, bench_left, bench_inducted, bench_diverted;

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t epoch_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint32_t now_ms(void) { return (uint32_t)(now_us() / 1000); }

static void report_at(int64_t at_us, uint16_t type, uint32_t track, uint16_t station, uint16_t value) {
    unsigned numbered = (uint16_t)(newest - acked);
    if (numbered + waiting == BUFFER) {
        lost++;
        return;
    }
    buffer[(first + numbered + waiting++) % BUFFER] = (event_t){type, station, 0, value, track, (uint32_t)(at_us / 1000)};
}

static void report(uint16_t type, uint32_t track, uint16_t station, uint16_t value) {
    report_at(now_us(), type, track, station, value);
}

/* When a scan sees what happens at a time; not later where the machine has no time for that scan. */
static int64_t seen_us(int64_t at_us) {
    int64_t scan = (at_us / scan_us + 1) * scan_us, now = now_us();
    return scan < now ? scan : now;
}

/* Fills the ring and the header; the ring's record first, the head that announces it after. */
static void show(void) {
    uint32_t ms = now_ms();
    unsigned kept_events;
    if (head) reg[UP + 22 + head % 8 * 10 + 9] = reg[UP + 22 + head % 8 * 10];
    while ((uint16_t)(head - seen) < 8) {
        uint16_t seq = head + 1;
        if (head == newest) {
            if (!waiting || (uint16_t)(newest - acked) >= (version == 1 ? 8 : keep_events)) break;
            waiting--;
            newest++;
        }
        const event_t *e = &buffer[(first + (uint16_t)(seq - acked) - 1) % BUFFER];
        uint16_t *r = reg + UP + 22 + seq % 8 * 10;
        r[0] = seq;
        r[1] = e->type;
        r[2] = e->track >> 16;
        r[3] = e->track & 0xFFFF;
        r[4] = e->station;
        r[5] = e->cause;
        r[6] = e->ms >> 16;
        r[7] = e->ms & 0xFFFF;
        r[8] = e->value;
        r[9] = seq;
        head = seq;
        torn_left = torn;
        if (e->type == 1) visible_us[e->track % TRACKS] = now_us();
    }
    uint16_t *u = reg + UP;
    if (torn_left > 0) {
        torn_left--;
        reg[UP + 22 + head % 8 * 10 + 9] ^= 0x8000;
    }
    u[0] = layout ? (uint16_t)layout : 0x4C57;
    u[1] = version;
    u[2] = heartbeat;
    u[3] = state;
    u[4] = ms >> 16;
    u[5] = ms & 0xFFFF;
    u[6] = full;
    u[10] = disabled;
    u[14] = epoch;
    u[15] = done;
    u[16] = refused;
    u[17] = refusal;
    u[18] = head;
    u[19] = lost;
    u[20] = session;
    u[21] = acked;
    kept_events = (uint16_t)(newest - acked) + waiting;
    if (version > 1) {
        u[102] = kept_events < 65535 ? (uint16_t)kept_events : 65535;
        u[103] = kept_events < keep_events ? (uint16_t)(keep_events - kept_events) : 0;
    }
}

/* One command that is next in sequence: 0 = acted on, else the reason of the refusal. */
static uint16_t act(const uint16_t *r) {
    uint32_t value = (uint32_t)r[2] << 16 | r[3], expiry = (uint32_t)r[5] << 16 | r[6];
    if ((int32_t)(now_ms() - expiry) > 0) return 2;
    if (r[1] < 1 || r[1] > 5) return 4;
    if (r[1] <= 3 && (value == 0 || value >= next_track)) return 3;
    if ((r[1] == 1 || r[1] == 4) && (r[4] < 1 || r[4] > 64)) return 4;
    if (r[1] == 1 && state != 6) return 7;
    if (!quiet) printf("acted %u %u %u %u\n", r[0], r[1], (unsigned)value, r[4]);
    return 0;
}

static void handled(const uint16_t *r, uint16_t why) {
    uint32_t track = (uint32_t)r[2] << 16 | r[3], parcel = track - bench_track;
    if (r[1] == 1 && visible_us[track % TRACKS] && samples && bench_got < bench_total) {
        samples[bench_got++] = now_us() - visible_us[track % TRACKS];
        visible_us[track % TRACKS] = 0;
    }
    if (r[1] == 1 && !why && lane_of && parcel < (uint32_t)bench_total) {
        if (lane_of[parcel] && lane_of[parcel] != r[4]) rerouted++;
        lane_of[parcel] = r[4];
    }
}

static void obey(void) {
    uint16_t d[DOWN_WORDS];
    memcpy(d, reg + DOWN, sizeof d);
    if (d[0] != 0x4C57 || d[1] != version) return;
    if (epoch && (int16_t)(d[3] - epoch) < 0) return;
    if (version > 1 && (d[3] != epoch || (d[2] != host_beat && now_us() - host_us > 500000)))
        seen = head = acked; /* a host that comes new */
    if (d[2] != host_beat) host_us = now_us();
    host_beat = d[2];
    epoch = d[3];
    if ((int16_t)(d[4] - acked) > 0 && (int16_t)(newest - d[4]) >= 0) {
        first = (first + (uint16_t)(d[4] - acked)) % BUFFER;
        acked = d[4];
    }
    if ((int16_t)(acked - seen) > 0) seen = acked;
    if (version > 1 && (int16_t)(d[6] - seen) > 0 && (int16_t)(newest - d[6]) >= 0) seen = d[6];
    if ((int16_t)(seen - head) > 0) head = seen;
    for (;;) {
        uint16_t next = done + 1, why;
        const uint16_t *r = d + 10 + next % 8 * 8;
        if ((int16_t)(d[5] - next) < 0) return;
        if (r[0] != next || r[7] != next) return;
        why = act(r);
        done = next;
        if (why) {
            refused = next;
            refusal = why;
            refusals++;
            report(13, r[1] <= 3 ? (uint32_t)r[2] << 16 | r[3] : 0, next, why);
            if (!quiet) printf("refused %u %u\n", next, why);
        } else if (version > 1 && r[1] == 1)
            report(14, (uint32_t)r[2] << 16 | r[3], r[4], next);
        handled(r, why);
    }
}

static void bench_start(int parcels, int64_t every_us, int64_t lead_us, int64_t dwell_us) {
    srand((unsigned)getpid()); /* no PLC in step with another */
    int64_t at_us = now_us() + lead_us + rand() % every_us, spread_us = lead_us ? every_us / 2 : every_us;
    samples = calloc((size_t)parcels, sizeof *samples);
    induct_us = calloc((size_t)parcels, sizeof *induct_us);
    enter_us = calloc((size_t)parcels, sizeof *enter_us);
    lane_of = calloc((size_t)parcels, sizeof *lane_of);
    for (int i = 0; i < parcels; i++) {
        induct_us[i] = at_us += every_us - spread_us / 2 + rand() % (spread_us + 1);
        enter_us[i] = at_us - lead_us - lead_us / 100 + rand() % (lead_us / 50 + 1);
    }
    bench_track = next_track;
    next_track += (uint32_t)parcels;
    bench_total = parcels;
    bench_lead_us = lead_us;
    bench_dwell_us = dwell_us;
    bench_got = bench_entered = bench_left = bench_inducted = bench_diverted = 0;
    quiet = 1;
}

/* What the bench's parcels did since the last scan. */
static void bench_run(int64_t at_us) {
    if (bench_lead_us) {
        for (; bench_left < bench_total && at_us >= enter_us[bench_left]; bench_left++) {
            if (bench_entered == bench_left) { /* first, however late the scan is */
                uint32_t track = bench_track + (uint32_t)bench_entered++;
                int64_t seen = seen_us(enter_us[bench_left]);
                report_at(seen, 2, track, 11, 0);
                printf("entered %u %lld\n", (unsigned)track, (long long)(epoch_us() - (now_us() - seen)));
            }
            if (at_us < enter_us[bench_left] + bench_dwell_us) break;
            report_at(seen_us(enter_us[bench_left] + bench_dwell_us), 3, bench_track + (uint32_t)bench_left, 11, 0);
        }
        for (; bench_diverted < bench_inducted && at_us >= induct_us[bench_diverted] + 1000000; bench_diverted++)
            report(5, bench_track + (uint32_t)bench_diverted, lane_of[bench_diverted], 0);
    }
    for (; bench_inducted < bench_total && at_us >= induct_us[bench_inducted]; bench_inducted++)
        report_at(seen_us(induct_us[bench_inducted]), 1, bench_track + (uint32_t)bench_inducted, 1, 0);
}

static void scan(void) {
    if (frozen) return;
    heartbeat++;
    obey();
    if (samples) bench_run(now_us());
    show();
}

static void execute(const kept_t *k) {
    memcpy(reg + DOWN, k->words, sizeof k->words);
    scan();
}

static void execute_due(void) {
    for (int i = 0; i < kept_count;) {
        if (kept[i].due_us && now_us() >= kept[i].due_us) {
            kept_t k = kept[i];
            memmove(kept + i, kept + i + 1, (size_t)(--kept_count - i) * sizeof *kept);
            execute(&k);
        } else i++;
    }
}

static void keep(const uint8_t *words, int64_t delay_us) {
    if (kept_count == KEPT) return;
    kept_t *k = &kept[kept_count++];
    for (int i = 0; i < DOWN_WORDS; i++) k->words[i] = (uint16_t)(words[2 * i] << 8 | words[2 * i + 1]);
    k->due_us = delay_us ? now_us() + delay_us : 0;
}

/* Whether the request is to be executed and answered now. */
static int admit(const uint8_t *query) {
    const uint8_t *pdu = query + header;
    const uint8_t *to = pdu + (pdu[0] == 23 ? 5 : 1), *words = to + 5; /* after address, count and octets */
    int writes = pdu[0] == 16 || pdu[0] == 23;
    int whole = writes && (to[0] << 8 | to[1]) == DOWN && (to[2] << 8 | to[3]) == DOWN_WORDS;
    if (muted) return 0;
    if (!whole) return 1;
    int dice = chaos_stall || chaos_twice ? rand() % 100 : 100, delay_us = 5000 + rand() % 55000;
    if (stall > 0) {
        stall--;
        keep(words, 0);
        return 0;
    }
    if (twice > 0) {
        twice--;
        keep(words, 0);
    } else if (dice < chaos_stall) {
        keep(words, delay_us);
        return 0;
    } else if (dice < chaos_stall + chaos_twice) keep(words, delay_us);
    return 1;
}

static void start(uint16_t as_session) {
    session = as_session;
    epoch = done = refused = refusal = head = acked = lost = newest = seen = 0;
    version = next_version;
    first = waiting = 0;
    memset(reg, 0, REGISTERS * sizeof *reg);
    show();
}

static void close_all(fd_set *all, int listener, int top) {
    if (listener < 0) return; /* a serial line has no connections */
    for (int fd = 3; fd <= top; fd++)
        if (fd != listener && FD_ISSET(fd, all)) {
            FD_CLR(fd, all);
            close(fd);
        }
}

static int order(char *line, fd_set *all, int listener, int top) {
    long a = 0, b = 0, c = 0, d = 0;
    char name[16] = "";
    int count = sscanf(line, "%15s %ld %ld %ld %ld", name, &a, &b, &c, &d);
    if (!strcmp(name, "induct")) while (a-- > 0) report(1, next_track++, 1, 0);
    else if (!strcmp(name, "restart")) {
        close_all(all, listener, top);
        start(count > 1 ? (uint16_t)a : session + 1);
    } else if (!strcmp(name, "seq")) {
        head = acked = newest = seen = (uint16_t)(a - 1);
        done = (uint16_t)(b - 1);
        show();
    } else if (!strcmp(name, "version")) next_version = (uint16_t)a;
    else if (!strcmp(name, "keep")) keep_events = (unsigned)a;
    else if (!strcmp(name, "stall")) stall = (int)a;
    else if (!strcmp(name, "twice")) twice = (int)a;
    else if (!strcmp(name, "late")) {
        for (int i = 0; i < kept_count; i++) execute(&kept[i]);
        kept_count = 0;
    } else if (!strcmp(name, "chaos")) {
        srand((unsigned)a);
        chaos_stall = (int)b;
        chaos_twice = (int)c;
    } else if (!strcmp(name, "torn")) torn = (int)a;
    else if (!strcmp(name, "layout")) layout = (int)a;
    else if (!strcmp(name, "slow")) slow_ms = (int)a;
    else if (!strcmp(name, "event")) report((uint16_t)a, (uint32_t)b, (uint16_t)c, (uint16_t)d);
    else if (!strcmp(name, "drop")) close_all(all, listener, top);
    else if (!strcmp(name, "mute")) muted = (int)a;
    else if (!strcmp(name, "fc23")) no_fc23 = !a;
    else if (!strcmp(name, "freeze")) frozen = (int)a;
    else if (!strcmp(name, "lanes")) full = (uint16_t)a, disabled = (uint16_t)b;
    else if (!strcmp(name, "state")) state = (uint16_t)a, report(11, 0, 0, state);
    else if (!strcmp(name, "bench")) bench_start((int)a, b, c, d);
    else if (!strcmp(name, "cut")) bench_total = bench_lead_us ? bench_entered : bench_inducted;
    else if (!strcmp(name, "status"))
        printf("status session=%u head=%u acked=%u waiting=%u done=%u epoch=%u ack_word=%u refusals=%u newest=%u seen=%u "
               "lost=%u rerouted=%u\n", session, head, acked, waiting, done, epoch, reg[DOWN + 4], refusals, newest, seen, lost,
               rerouted);
    else if (!strcmp(name, "quit")) return 0;
    else printf("unknown %s\n", name);
    printf("ok\n");
    return 1;
}

static void bench_report(void) {
    if (!samples) return;
    if (bench_got < bench_total && now_us() < induct_us[bench_total - 1] + GIVEN_UP_US) return;
    printf("reaction_us");
    for (int i = 0; i < bench_total; i++) printf(" %lld", i < bench_got ? (long long)samples[i] : -1LL);
    printf("\nbench done\n");
    free(samples);
    free(induct_us);
    free(enter_us);
    free(lane_of);
    lane_of = NULL;
    samples = NULL;
    quiet = 0;
}

static void serve(modbus_t *ctx, modbus_mapping_t *map, int fd, fd_set *all) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_set_socket(ctx, fd);
    int length = modbus_receive(ctx, query);
    if (length > 0) {
        if (slow_ms) usleep((useconds_t)slow_ms * 1000);
        if (query[header] == 23 && no_fc23) modbus_reply_exception(ctx, query, MODBUS_EXCEPTION_ILLEGAL_FUNCTION);
        else if (admit(query)) modbus_reply(ctx, query, length, map);
    } else if (length < 0 && header > 1) {
        FD_CLR(fd, all);
        close(fd);
    }
}

int main(int argc, char **argv) {
    int rtu = argc > 3, port = argc > 1 ? atoi(argv[1]) : 0;
    modbus_t *ctx = rtu ? modbus_new_rtu(argv[3], 115200, 'N', 8, 1) : modbus_new_tcp("127.0.0.1", port);
    modbus_mapping_t *map = modbus_mapping_new(0, 0, REGISTERS, 0);
    struct sockaddr_in at = {0};
    socklen_t size = sizeof at;
    char line[256];
    size_t got = 0;
    if (argc > 2) scan_us = atol(argv[2]);
    if (!ctx || !map) return 1;
    reg = map->tab_registers;
    header = modbus_get_header_length(ctx);
    int listener = -1, top, running = 1;
    if (rtu) {
        modbus_set_slave(ctx, 1);
        if (modbus_connect(ctx)) {
            fprintf(stderr, "%s: %s\n", argv[3], modbus_strerror(errno));
            return 1;
        }
        top = modbus_get_socket(ctx);
    } else {
        listener = top = modbus_tcp_listen(ctx, 8);
        if (listener < 0 || getsockname(listener, (struct sockaddr *)&at, &size)) {
            fprintf(stderr, "listen: %s\n", modbus_strerror(errno));
            return 1;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    start(1);
    printf("listening %u\n", ntohs(at.sin_port));
    fd_set all;
    FD_ZERO(&all);
    FD_SET(top, &all);
    FD_SET(STDIN_FILENO, &all);
    int64_t due_us = now_us();
    while (running) {
        int64_t wait_us = due_us - now_us();
        struct timeval timeout = {0, wait_us > 0 ? (suseconds_t)wait_us : 0};
        fd_set ready = all;
        int count = select(top + 1, &ready, NULL, NULL, &timeout);
        for (int fd = 3; count > 0 && fd <= top; fd++) {
            if (!FD_ISSET(fd, &ready)) continue;
            if (fd != listener) serve(ctx, map, fd, &all);
            else {
                int client = accept(listener, NULL, NULL), on = 1;
                if (client < 0 || client >= FD_SETSIZE) continue;
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                FD_SET(client, &all);
                if (client > top) top = client;
            }
        }
        if (count > 0 && FD_ISSET(STDIN_FILENO, &ready)) {
            ssize_t more = read(STDIN_FILENO, line + got, sizeof line - 1 - got);
            if (more <= 0) break;
            got += (size_t)more;
            line[got] = 0;
            char *end;
            while (running && (end = strchr(line, '\n'))) {
                *end = 0;
                running = order(line, &all, listener, top);
                got -= (size_t)(end + 1 - line);
                memmove(line, end + 1, got + 1);
            }
        }
        if (now_us() >= due_us) {
            due_us += scan_us;
            if (due_us < now_us()) due_us = now_us() + scan_us;
            execute_due();
            scan();
            bench_report();
        }
    }
    close_all(&all, listener, top);
    if (listener >= 0) close(listener);
    modbus_mapping_free(map);
    modbus_free(ctx);
    return 0;
}
