"""The whole round with a client made of the description: openapi-python-client."""

import sys
import time
import uuid

from honnin_client import AuthenticatedClient, Client
from honnin_client.api.account import get_me
from honnin_client.api.bills import get_bills, get_bills_bill_csv, get_bills_bill_pdf
from honnin_client.api.disclosures import get_disclosures
from honnin_client.api.lines import (
    get_lines_line_home,
    get_lines_line_speed,
    get_lines_line_usage,
    put_lines_line_speed,
)
from honnin_client.api.sessions import delete_sessions_current, post_sessions
from honnin_client.models import Problem, SignIn, Wish

site, login, password = sys.argv[1:4]


def got(what, answer):
    if answer is None or isinstance(answer, Problem):
        raise SystemExit(f"{what}: {answer}")
    return answer


token = got("sign in", post_sessions.sync(client=Client(site), body=SignIn(login=login, password=password))).token
client = AuthenticatedClient(site, token=token)

me = got("me", get_me.sync(client=client))
line = next(line.line for line in me.lines if line.status == "active")
home = got("home", get_lines_line_home.sync(line, client=client))
assert home.balance is None or home.balance.remaining_octets >= 0
usage = got("usage", get_lines_line_usage.sync(line, client=client))
assert all(day.high_octets >= 0 for day in usage.days)

bill = got("bills", get_bills.sync(client=client, limit=1)).bills[0].bill
pdf = got("pdf", get_bills_bill_pdf.sync(bill, client=client))
assert pdf.payload.read(5) == b"%PDF-"
csv = got("csv", get_bills_bill_csv.sync(bill, client=client))
assert b"," in csv.payload.read()

high = not home.speed.desired
wish = got(
    "wish",
    put_lines_line_speed.sync(line, client=client, body=Wish(high=high), idempotency_key=str(uuid.uuid4())),
)
for _ in range(120):
    speed = got("speed", get_lines_line_speed.sync(line, client=client))
    if speed.version >= wish.version and speed.state not in ("accepted", "pending"):
        break
    time.sleep(0.5)
assert (speed.state, speed.desired) == ("confirmed", high), speed
soon = put_lines_line_speed.sync(line, client=client, body=Wish(high=high), idempotency_key=str(uuid.uuid4()))
assert isinstance(soon, Problem) and soon.code == "too_often", soon

cursor, pages, entries = None, 0, 0
while pages < 1000:
    page = got("disclosures", get_disclosures.sync(client=client, limit=3, **({"cursor": cursor} if cursor else {})))
    entries, pages, cursor = entries + len(page.disclosures), pages + 1, page.next_
    if cursor is None:
        break
assert pages > 1 and entries > 3

assert delete_sessions_current.sync_detailed(client=client).status_code == 204
after = get_me.sync(client=client)
assert isinstance(after, Problem) and after.code == "sign_in_required", after
print(f"Python: the whole round, {entries} disclosures on {pages} pages")
