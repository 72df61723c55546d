#!/usr/bin/python3
"""What comes to the router's end of a link: strangers, and a process that was broken into."""

import os
import select
import socket

from harness.federation import PASSWORD
from harness.lapwing import Lapwing
from harness.link import LINK, End, proof, token, unix
from harness.process import Workshop, free_port, stop, wait_until
from harness.report import Report, expect
from harness.users import User, text
from harness.wire import STREAM, Closed, Silence, tag

OURS, THEIRS = "capulet.example", "montague.example"
BOT, FAR, CALLED = (f"{name}.{OURS}" for name in ("bot", "far", "called"))
ROMEO = f"romeo@{THEIRS}/tests"
SECRETS = {name: f"the secret of {name} and of the router" for name in
           ("s2s", "far", "bots", "called")}
SERVER = "jabber:server"
LARGEST = 2 ** 64 - 1
# LinkConfiguration.negotiation, and LinkPort.applicantsMost.
NEGOTIATION_SECONDS, STRANGERS_MOST = 20, 64
NOBODY, STRANGER = 65534, 65533
MIB = 1024

LINKS = """
[[links]]
name = "s2s"
secret = "{s2s}"
listen = "unix:{path}/s2s.sock"
uplink = true

[[links]]
name = "far"
secret = "{far}"
listen = "127.0.0.1:{port}"
hosts = ["{far_host}"]

[[links]]
name = "bots"
secret = "{bots}"
listen = "unix:{path}/bots.sock"
users = ["nobody"]
hosts = ["{bot_host}"]

[[links]]
name = "called"
secret = "{called}"
connect = "unix:{path}/called.sock"
hosts = ["{called_host}"]
"""


class Checks:
    def __init__(self, workshop):
        self.room = workshop.room("router")
        self.port = free_port()
        self.called = socket.socket(socket.AF_UNIX)
        self.called.bind(self.room.file("called.sock"))
        self.called.listen()
        self.called.settimeout(30)
        links = LINKS.format(path=self.room.path, port=self.port, far_host=FAR, bot_host=BOT,
                             called_host=CALLED, **SECRETS)
        self.server = Lapwing(self.room, OURS, more=links)
        with open(self.server.configuration) as file:
            self.room.file("lapwing.toml", 'role = "router"\n' + file.read())
        self.server.start()
        for user in ("juliet", "nurse"):
            self.server.register(user, PASSWORD)
        self.juliet, self.nurse = User(self.server, "juliet"), User(self.server, "nurse")
        self.nurse.presence()
        self.link = self.right().up()

    # Ends of links

    def place(self, name):
        return self.port if name == "far" else self.room.file(name + ".sock")

    def end(self, name="s2s", secret=None, **changed):
        return End(self.place(name), name, secret or SECRETS[name], **changed)

    def right(self, **changed):
        return self.end(**changed)

    def stranger(self, name="s2s", place=None, secret="another secret of another pair"):
        return End(self.place(place or name), name, secret)

    # What has to be so after each

    def online(self, body="forged"):
        """Nothing was delivered, and both users are served."""
        for user in (self.juliet, self.nurse):
            user.hears_nothing(lambda e: text(e) == body, OURS)
        self.juliet.say(self.nurse.jid, "still there")
        self.nurse.hears("still there")

    def ended(self, end, *conditions):
        condition = end.condition()
        expect(condition in conditions, condition)
        self.online()
        return condition

    # Strangers

    def refused(self, end):
        """As every other, and without anything that the secret has part in."""
        came, condition = end.ending()
        expect(came == ["error"] and condition == "not-authorized", f"{came} {condition}")
        self.link.lives()
        self.online()

    def wrong_secret(self, place):
        end = self.stranger("far" if place == "far" else "s2s")
        self.refused(end.begin().read_hello().prove())

    def unknown_name(self, place):
        self.refused(self.stranger("nobody-knows", place).begin().read_hello().prove())

    def other_name(self):
        """Who has one secret is no other process, and not at another address."""
        end = self.stranger("s2s", "bots", SECRETS["bots"]).begin().read_hello().prove()
        self.refused(end)
        self.refused(self.stranger("bots", secret=SECRETS["s2s"]).begin().read_hello().prove())
        self.refused(self.stranger("bots", "s2s", SECRETS["bots"]).begin().read_hello().prove())

    def unbound(self):
        """The right secret, and a proof that is not of this TLS connection."""
        self.refused(self.end("far").begin().read_hello().prove())

    def no_proof(self):
        for text in ("", "=", "AAAA", "not base64 at all", "A" * 5000):
            end = self.stranger().begin().read_hello()
            end.tell("proof", text=text)
            self.refused(end)

    def replayed(self):
        """With all that its owner said, at another time."""
        old = self.end("bots").authenticate()
        old.socket.close()
        end = self.stranger("bots")
        end.nonce, end.instance = old.nonce, old.instance
        self.refused(end.begin().read_hello().prove(old.shown))
        end = self.stranger("bots")
        self.refused(end.begin().read_hello().prove(old.answered))

    def mirrored_nonce(self):
        """The nonce of a connection of ours as the router's own is of no use to it."""
        end = self.stranger()
        end.begin().read_hello()
        other = self.stranger()
        other.nonce = end.theirs[1]
        self.refused(other.begin().read_hello().prove())
        end.socket.close()

    def silent_on(self, *names):
        """What a stranger is told before it proves anything is the same for any name."""
        said = []
        for name in names:
            end = self.stranger(name, "s2s").begin().read_hello()
            said.append((sorted(end.header), end.header["from"], len(end.theirs[1])))
            end.socket.close()
        expect(all(one == said[0] for one in said), str(said))

    def accept(self):
        """The router's next connection to the address that it was configured with."""
        end = End(self.called.accept()[0], "called", "a secret of nobody's")
        wait_until(lambda: end.header or self.reads(end), "the header of the router", 10)
        end.theirs = (end.header["from"], end.header["id"],
                      end.told("hello").get("instance"))
        return end

    @staticmethod
    def reads(end):
        try:
            end._read(0.2)
        except Silence:
            pass
        return end.header

    def impostor(self, answer):
        """Somebody listens where the router calls."""
        end = self.accept()
        if answer == "nonce":
            end.nonce = end.theirs[1]
        end.begin()
        if answer != "nonce":
            shown = end.told("proof").text
            expect(shown == proof("opener", end.theirs, end.ours, SECRETS["called"]),
                   "the router's proof is wrong")
            end.tell("proof", text=shown if answer == "reflected" else proof(
                "accepter", end.theirs, end.ours, end.secret))
        came, condition = end.ending()
        expect(came == ["error"] and condition == "not-authorized", f"{came} {condition}")
        expect("up" not in self.status(CALLED), self.status(CALLED))
        self.online()

    def status(self, name):
        lines = self.server.control("links").stdout.splitlines()
        return next((line for line in lines if line.startswith(name.split(".")[0])), "")

    def carried_on(self):
        """The router's proof for the one is none of it at a listener of its own."""
        caller = self.accept()
        victim = self.stranger("called", "s2s")
        caller.nonce, caller.instance = token(), token()
        caller.begin()
        shown = caller.told("proof").text
        self.refused(victim.begin().read_hello().prove(shown))
        caller.socket.close()

    def long_beginnings(self):
        padding = "x" * 100_000
        for more in (f" padding='{padding}'", f"><padding>{padding}</padding",):
            end = self.stranger()
            try:
                end.begin(more)
            except OSError:
                pass
            self.ended(end, "policy-violation", "closed")
        end = self.stranger().begin().read_hello()
        end.send(f"<proof xmlns='{LINK}'>{padding}</proof>")
        self.ended(end, "policy-violation", "closed")
        end = self.stranger()
        end.send("<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'lol'>]><x>&e;</x>")
        return self.ended(end, "restricted-xml", "policy-violation")

    def unproven_words(self):
        """Stanzas and reports before the proof."""
        for said in (self.message("forged"), f"<state xmlns='{LINK}'/>",
                     f"<fates xmlns='{LINK}' settled='1-{LARGEST}'/>"):
            end = self.stranger().begin().read_hello()
            end.send(said)
            came, condition = end.ending()
            expect((came, condition) == (["error"], "not-authorized"), f"{came} {condition}")
        self.link.lives()
        self.online()

    def many_connections(self):
        """They say nothing, and are gone in time."""
        before, files = self.resident(), self.files()
        silent = []
        for name in ("s2s", "far"):
            for _ in range(200):
                if name == "far":
                    silent.append(socket.create_connection(("127.0.0.1", self.port), 10))
                else:
                    silent.append(unix(self.place(name)))
        self.online()
        wait_until(lambda: len(silent) - self.over(silent) <= 2 * STRANGERS_MOST,
                   "those too many are gone", 10)
        self.link.lives()
        # They keep nobody out.
        self.replace()
        self.wrong_secret("far")
        # Who waits is not read meanwhile, and would be gone too.
        wait_until(lambda: self.link.lives() or self.over(silent) == len(silent),
                   "the others are gone", NEGOTIATION_SECONDS + 30)
        for link in silent:
            link.close()
        wait_until(lambda: self.files() <= files, "their descriptors are closed", 10)
        self.replace()
        self.wrong_secret("far")
        self.online()
        return self.grown(before, 16)

    def few_lines(self):
        """One of an address in a minute, and there are a few addresses."""
        told = self.room.log("server.log", 100_000).count("is not taken for a process")
        expect(0 < told < 50, f"{told} lines of strangers")
        return f"{told} lines of more than 400 strangers"

    @staticmethod
    def over(links):
        poll = select.poll()
        for link in links:
            poll.register(link, select.POLLIN)
        return sum(1 for _, event in poll.poll(0) if event)

    def resident(self):
        with open(f"/proc/{self.server.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def grown(self, before, most):
        more = self.resident() - before
        expect(more < most * MIB, f"{more} KiB more memory")
        return f"{more} KiB more"

    def files(self):
        return len(os.listdir(f"/proc/{self.server.pid}/fd"))

    # Other users of the machine

    def other_user(self):
        try:
            unix(self.place("s2s"), NOBODY)
            raise AssertionError("the file lets it connect")
        except PermissionError:
            pass
        # The kernel says who it is, whatever the file's mode.
        os.chmod(self.place("s2s"), 0o666)
        try:
            expect(self.right(user=NOBODY).is_shut(), "it is heard")
        finally:
            os.chmod(self.place("s2s"), 0o600)
        expect(self.end("bots", user=STRANGER).is_shut(), "it is heard")
        self.link.lives()
        self.online()

    def named_user(self):
        end = self.end("bots", user=NOBODY).up()
        end.send(f"<message from='{BOT}' to='{self.juliet.jid}'><body>from a bot</body></message>")
        self.juliet.hears("from a bot")
        end.socket.close()

    # A process that was broken into

    def replace(self, **changed):
        """A right connection again, in a session of its own."""
        self.link = self.right(**changed).up()
        return self.link

    def message(self, body, origin=ROMEO, to=None, name="message"):
        return (f"<{name} xmlns='{SERVER}' from='{origin}' to='{to or self.juliet.jid}'>"
                f"<body>{body}</body></{name}>")

    def talks(self):
        """And who says what it may is heard, and hears."""
        self.link.send(self.message("in another's name"))
        self.juliet.hears("in another's name")
        self.link.told("read")
        self.juliet.say(ROMEO, "to another domain")
        stanza = self.link.wait_for(lambda e: e.tag == tag(SERVER, "message"))
        expect(stanza.findtext(tag(SERVER, "body")) == "to another domain", "another")
        self.link.tell("fates", written="1")
        self.link.told("read")
        self.link.tell("fates", settled="1")
        self.link.told("read")

    def forges(self, origin, to=None):
        self.link.send(self.message("forged", origin, to))
        condition = self.ended(self.link, "invalid-from", "improper-addressing")
        self.replace()
        return condition

    def forges_without_end(self):
        """Between forgeries what is right is heard, and what follows one is not."""
        self.link.send(self.message("before"))
        self.juliet.hears("before")
        self.link.send(self.message("forged", self.nurse.jid) + self.message("forged"))
        self.ended(self.link, "invalid-from")
        self.replace()

    def other_component(self):
        """A host of components is its own components, and nobody else."""
        for origin in (self.nurse.jid, FAR, OURS, ROMEO, f"x.{BOT}"):
            end = self.end("bots").up()
            end.send(self.message("forged", origin))
            self.ended(end, "invalid-from")

    def not_served(self):
        """It comes back, and is no way through us."""
        self.link.send("<message xmlns='jabber:server' id='lost' type='chat'"
                       f" from='{ROMEO}' to='tybalt@verona.example'><body>x</body></message>")
        answer = self.link.wait_for(lambda e: e.get("id") == "lost")
        expect(answer.get("type") == "error" and answer.get("to") == ROMEO, str(answer.attrib))
        found = answer[0][0].tag.split("}")[1]
        expect(found == "remote-server-not-found", found)
        self.link.tell("fates", settled="1")
        self.link.lives()
        self.online()

    def unanswerable(self, iq):
        self.link.send(iq.format(addresses=f"xmlns='{SERVER}' from='{ROMEO}' to='{OURS}'"))
        condition = self.ended(self.link, "bad-format")
        self.replace()
        return condition

    def not_a_stanza(self, words):
        self.link.send(words)
        condition = self.ended(self.link, "unsupported-stanza-type", "improper-addressing",
                               "bad-format", "restricted-xml", "not-well-formed",
                               "policy-violation", "invalid-namespace")
        self.replace()
        return condition

    def reports(self, name, text="", **attributes):
        """A report that contradicts what was sent changes nothing."""
        before = self.resident()
        self.replace()
        self.juliet.say(ROMEO, "for a report", "for-a-report")
        self.link.wait_for(lambda e: e.get("id") == "for-a-report")
        self.link.tell(name, text, **attributes)
        condition = self.ended(self.link, "bad-format")
        self.juliet.hears_nothing(lambda e: e.get("id") == "for-a-report", OURS)
        # Nothing was said of it that is true: the next process gets it.
        self.replace().wait_for(lambda e: e.get("id") == "for-a-report")
        self.link.tell("fates", settled="1")
        self.link.told("read")
        return f"{condition}, {self.grown(before, 16)}"

    def declared_twice(self):
        self.replace()
        self.juliet.say(ROMEO, "once", "once")
        self.link.wait_for(lambda e: e.get("id") == "once")
        self.link.tell("fates", written="1")
        self.link.told("read")
        self.link.tell("fates", written="1")
        self.ended(self.link, "bad-format")
        self.replace()

    def long_list(self):
        """More ranges than a report may have."""
        numbers = " ".join(str(number) for number in range(1, 90_000, 2))
        return self.reports("fates", settled=numbers)

    def out_of_turn(self, *said):
        """Before the session is up."""
        end = self.right().authenticate()
        for part in said:
            end.send(part)
        condition = self.ended(end, "not-authorized", "bad-format")
        self.replace()
        return condition

    def false_state(self):
        """It goes on in a session, with more than was sent in it."""
        session, instance = self.link.session, self.link.instance
        end = self.right(instance=instance).authenticate()
        end.tell("state", session=session, read=str(LARGEST))
        self.ended(end, "bad-format")
        end = self.right(instance=instance).authenticate()
        end.tell("state", session=str(LARGEST), read=str(LARGEST))
        expect(end.told("state").get("read") is None, "it is believed")
        end.tell("started")
        end.lives()
        end.socket.close()
        self.replace()

    def long_errors(self, error):
        """Forty requests come back with an error of almost two megabytes each."""
        before = self.resident()
        self.replace()
        for number in range(40):
            self.juliet.say(ROMEO, "to come back", f"back-{number}")
        self.link.wait_for(lambda e: e.get("id") == "back-39")
        self.link.tell("returned", stanzas="1-40", text=error.replace("PADDING", "x" * 1_900_000))
        for number in range(40):
            answer = self.juliet.wait_for(lambda e: e.get("id") == f"back-{number}", 60)
            size = sum(len(e.text or "") for e in answer.iter())
            expect(answer.get("type") == "error" and size < 10_000, f"{size} characters came")
        self.online()
        return self.grown(before, 24)

    def deaf(self, said, count):
        """It says much that is to be answered, and reads nothing."""
        before = self.resident()
        part = (said * 1000).encode()
        for _ in range(count // 1000):
            self.link.socket.sendall(part)
        self.online()
        more = self.grown(before, 8)
        self.link.socket.close()
        self.replace()
        return more

    def long_stanza(self):
        try:
            self.link.send(self.message("x" * 3_000_000))
        except OSError:
            pass
        condition = self.ended(self.link, "policy-violation", "closed")
        self.replace()
        return condition

    def conflict(self, instance):
        old = self.link
        self.replace(instance=old.instance if instance == "same" else None)
        expect(old.condition() == "conflict", "the old one stays")
        self.talks()
        self.online()

    def many_turns(self):
        """Hundreds of connections that each take the other's place."""
        before, files = self.resident(), self.files()
        for _ in range(300):
            old = self.link
            self.link = self.right().up()
            old.socket.close()
        self.online()
        wait_until(lambda: self.files() <= files + 1, "their descriptors are closed", 20)
        return self.grown(before, 16)

    def still_there(self):
        """No user's stream has ended, and the server ends in peace."""
        self.online()
        self.talks()
        self.link.socket.close()
        # Nobody at the other ends answers any more.
        code = stop(self.server.process, 30)
        expect(code == 0, f"it ended with {code}")


FORGERIES = {
    "a local user": f"nurse@{OURS}/tests",
    "a local service": f"pubsub.{OURS}",
    "the fleet service": f"monitor.{OURS}",
    "the domain": OURS,
    "a component behind another link": BOT,
    "a local user in capitals": f"nurse@{OURS.upper()}",
    "a local domain with a dot behind it": f"nurse@{OURS}.",
    "a local domain in wide letters": f"nurse@\uff43{OURS[1:]}",
    "nobody": "",
}
IQS = {
    "without an id": "<iq {addresses} type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
    "without a type": "<iq {addresses} id='x'><ping xmlns='urn:xmpp:ping'/></iq>",
    "of no known type": "<iq {addresses} id='x' type='put'><ping xmlns='urn:xmpp:ping'/></iq>",
    "without a payload": "<iq {addresses} id='x' type='get'/>",
    "with two payloads": "<iq {addresses} id='x' type='set'><a xmlns='x'/><b xmlns='x'/></iq>",
}
WORDS = {
    "a stanza of clients": "<message xmlns='jabber:client'/>",
    "an element of no namespace": "<message xmlns=''/>",
    "a stanza without addresses": f"<message xmlns='{SERVER}'/>",
    "an unknown report": f"<turn-off xmlns='{LINK}'/>",
    "a second hello": f"<hello xmlns='{LINK}' instance='{token()}'/>",
    "a second proof": f"<proof xmlns='{LINK}'/>",
    "an entity": f"<message xmlns='{SERVER}'>&nbsp;</message>",
    "a comment": "<!-- -->",
    "a second header": f"<stream:stream xmlns:stream='{STREAM}'/>",
    "a deep element": "<a>" * 200,
}
REPORTS = {
    "what was never sent is written": {"written": "2"},
    "what was never sent has arrived": {"settled": "2"},
    "what was never sent is of unknown fate": {"unknown": "2"},
    "what was never declared is of unknown fate": {"unknown": "1"},
    "it has arrived, and nobody knows": {"written": "1", "settled": "1", "unknown": "1"},
    "all that there can be is written": {"written": f"1-{LARGEST}"},
    "all that there can be has arrived": {"settled": f"1-{LARGEST}"},
    "all that there can be is of unknown fate": {"unknown": f"1-{LARGEST}"},
    "a number above all": {"settled": f"{LARGEST + 1}"},
    "a range from above": {"settled": "2-1"},
    "a number twice": {"settled": "1 1"},
    "zero": {"settled": "0-1"},
    "no number": {"settled": "1,2"},
    "two spaces": {"settled": "1  2"},
}
ERROR = "<error xmlns='jabber:client' type='cancel'>{}</error>"
GONE = "<{0} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>{1}</{0}>"
ERRORS = {
    "text": ERROR.format(GONE.format("gone", "") + GONE.format("text", "PADDING")),
    "address": ERROR.format(GONE.format("gone", "PADDING")),
    "detail": ERROR.format(GONE.format("gone", "") + "<a xmlns='x'>PADDING</a>"),
}


def strangers(report, checks):
    for place in ("s2s", "far"):
        report.check(f"a wrong secret is refused ({place})", checks.wrong_secret, place)
        report.check(f"an unknown name is refused alike ({place})", checks.unknown_name, place)
    report.check("a secret is one process's", checks.other_name)
    report.check("a proof is of one TLS connection", checks.unbound)
    report.check("what is no proof is refused alike", checks.no_proof)
    report.check("a proof that was kept is worth nothing", checks.replayed)
    report.check("a nonce of another connection is worth nothing", checks.mirrored_nonce)
    report.check("a name is not told from another", checks.silent_on, "s2s", "bots", "nobody")
    for answer in ("wrong", "reflected", "nonce"):
        report.check(f"an impostor where the router calls is refused ({answer})",
                     checks.impostor, answer)
    report.check("a proof is for one pair", checks.carried_on)
    report.check("a long beginning ends it", checks.long_beginnings)
    report.check("nothing is taken before the proof", checks.unproven_words)
    if os.geteuid() == 0:
        report.check("another user of the machine is refused", checks.other_user)
        report.check("and one that is named is taken", checks.named_user)
    else:
        report.skip("another user of the machine", "only root can be one")


def broken_into(report, checks):
    report.check("who says what it may is heard", checks.talks)
    for who, origin in FORGERIES.items():
        report.check(f"it does not speak for {who}", checks.forges, origin)
    report.check("it does not speak for a user to others", checks.forges,
                 f"nurse@{OURS}", "tybalt@verona.example")
    report.check("what follows a forgery is not heard", checks.forges_without_end)
    report.check("a host of components speaks for no others", checks.other_component)
    report.check("what is not for us comes back", checks.not_served)
    for what, iq in IQS.items():
        report.check(f"an iq {what} ends it", checks.unanswerable, iq)
    for what, words in WORDS.items():
        report.check(f"{what} ends it", checks.not_a_stanza, words)
    report.check("a stanza that is too long ends it", checks.long_stanza)
    for what, attributes in REPORTS.items():
        report.check(f"a report ends it: {what}",
                     lambda: checks.reports("fates", **attributes))
    error = ERRORS["text"].replace("PADDING", "")
    for what in ("2", f"1-{LARGEST}", f"{LARGEST}"):
        report.check(f"a report ends it: {what} comes back",
                     lambda: checks.reports("returned", error, stanzas=what))
    report.check("a report ends it: what comes back has no error",
                 lambda: checks.reports("returned", stanzas="1"))
    report.check("a report ends it: what routers say",
                 lambda: checks.reports("read", count=LARGEST))
    report.check("a report ends it: a long list", checks.long_list)
    report.check("a report ends it: declared twice", checks.declared_twice)
    state, started = f"<state xmlns='{LINK}'/>", f"<started xmlns='{LINK}'/>"
    report.check("a stanza before the state ends it", checks.out_of_turn, checks.message("forged"))
    report.check("a stanza before the start ends it", checks.out_of_turn, state,
                 checks.message("forged"))
    report.check("a start before the state ends it", checks.out_of_turn, started)
    report.check("a second state ends it", checks.out_of_turn, state, state)
    report.check("a report before the start ends it", checks.out_of_turn, state,
                 f"<fates xmlns='{LINK}' settled='1'/>")
    report.check("a state that is not so ends it", checks.false_state)
    for what, error in ERRORS.items():
        report.check(f"a long {what} of an error is cut off", checks.long_errors, error)
    report.check("who asks and does not read costs nothing", checks.deaf,
                 f"<ask xmlns='{LINK}'/>", 400_000)
    report.check("who reports and does not read costs nothing", checks.deaf,
                 f"<fates xmlns='{LINK}'/>", 100_000)
    for instance in ("same", "other"):
        report.check(f"a newer connection takes its place ({instance} process)",
                     checks.conflict, instance)
    report.check("many in turn leave nothing", checks.many_turns)


def main():
    report = Report("links: strangers, and processes that were broken into")
    workshop = Workshop("link-hostile")
    checks = Checks(workshop)
    strangers(report, checks)
    broken_into(report, checks)
    report.check("many connections leave nothing", checks.many_connections)
    report.check("nor do they fill the log", checks.few_lines)
    report.check("and everybody is still there", checks.still_there)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
