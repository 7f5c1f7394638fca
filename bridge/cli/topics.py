"""The commands about topics: look, and decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli.output import AsOf, Format, FormatFlag, JsonFlag, print_json, print_rows, print_seen, say
from bridge.cli.session import context, session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from bridge.verbs import Verbs

app = typer.Typer(no_args_is_help=True, help="Topics: what people speak of, and what was decided.")
TopicId = Annotated[str, typer.Argument(metavar="T-n", help="The topic, such as T-12.")]
Who = Annotated[str, typer.Option("--who", help="Who decides, for the record.", envvar="USER")]
ITEMS = "Items as SOURCE:ID, such as reviews:r-17; with #2 its second statement alone."
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="SOURCE:ID, such as reviews:r-17#2.")]
COLUMNS = {
    "id": "topic",
    "title": "title",
    "kind": "kind",
    "state": "state",
    "reach": "people",
    "mentions": "mentions",
    "trend": "26 weeks",
    "last": "last",
    "ticket": "ticket",
}


@app.command("list")
def list_(
    ctx: typer.Context,
    as_of: AsOf = None,
    as_json: JsonFlag = False,
    layout: FormatFlag = Format.TABLE,
    state: Annotated[str | None, typer.Option("--state", help="Only topics in this state.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only topics of this kind.")] = None,
) -> None:
    """List all topics but merged and ignored ones, the widest reach first."""
    from bridge.report import topic_reports

    here = context(ctx, as_of)
    with here.database.reading() as store:
        reports = topic_reports(store, here.now)
    rows = [r.as_json() for r in reports]
    rows = [r for r in rows if (state is None or r["state"] == state) and (kind is None or r["kind"] == kind)]
    layout = Format.JSON if as_json else layout
    if layout in (Format.TABLE, Format.MD):
        rows = [_short(row) for row in rows]
    print_rows(rows, layout, columns=COLUMNS)
    if not rows:
        say("No topics yet. Take feedback in with: feedback-bridge import FILE --source NAME, then run.")


def _short(row: dict[str, Any]) -> dict[str, Any]:
    from topics.trend import sparkline

    return {
        **row,
        "trend": sparkline(row["trend"]["per_week"]) + (" burst" if row["trend"]["burst"] else ""),
        "last": row["last_seen"][:10],
        "ticket": (row["ticket"] or {}).get("key"),
    }


@app.command()
def show(ctx: typer.Context, topic: TopicId, as_of: AsOf = None, as_json: JsonFlag = False) -> None:
    """Show one topic: figures, keywords, nearest topics, evidence, history."""
    from bridge.errors import InputError
    from bridge.report import topic_detail
    from bridge.verbs import topic_number

    here = context(ctx, as_of)
    number = topic_number(topic)
    with here.database.reading() as store:
        number = _root(store, number)
        detail = topic_detail(store, here.now, number)
    if detail is None:
        raise InputError(f"nobody has spoken of T-{number} up to {here.now:%Y-%m-%d}")
    if as_json:
        print_json(detail)
    else:
        _print_detail(detail)


def _root(store: Any, number: int) -> int:
    from bridge.errors import InputError
    from bridge.store import topics as topic_store

    found = topic_store.topic(store, number)
    if found is None:
        raise InputError(f"there is no topic T-{number}; see: feedback-bridge topics list")
    if found.root != number:
        say(f"T-{number} was merged into T-{found.root}")
    return found.root


def _print_detail(detail: dict[str, Any]) -> None:
    short = _short(detail)
    print_seen(f"{detail['id']}  {detail['title']}")
    print_seen(
        f"{detail['kind']} · {detail['state']} · {detail['reach']} people · {detail['mentions']} mentions"
    )
    print_seen(f"{detail['first_seen'][:10]} to {detail['last_seen'][:10]} · {short['trend']}")
    print_seen(f"keywords: {', '.join(detail['keywords'])}")
    near = ", ".join(f"{n['topic']} {n['score']:.2f}" for n in detail["nearest"])
    print_seen(f"nearest: {near or 'none'}")
    for place, quote in enumerate(detail["evidence"]):
        text = " ".join(quote["quote"].split())
        print_seen(f"  “{text}”")
        print_seen(
            f"    {quote['author'] or 'somebody'} · {quote['source']} · {quote['at'][:10]} · {quote['item']}"
            + (" · key quote" if place < len(detail["key_quotes"]) else "")
        )
    for event in detail["history"]:
        print_seen(f"{event['at'][:10]}  {event['who']}: {event['what']}")


def deciding(ctx: typer.Context, who: str) -> AbstractContextManager[Verbs]:
    """Open a transaction in which a person decides."""
    from contextlib import contextmanager

    from bridge.verbs import Verbs

    here = context(ctx)

    @contextmanager
    def open_() -> Iterator[Verbs]:
        with here.database.writing() as store:
            yield Verbs(store, who, here.now)

    return open_()


def _new_ticket(ctx: typer.Context, number: int) -> dict[str, str]:
    """Return the tracker, project and type that a ticket of this topic would get by the rules."""
    from bridge.pipeline.deciding import ticket_place

    return ticket_place(context(ctx), number)


@app.command()
def approve(ctx: typer.Context, topic: TopicId, who: Who = "somebody") -> None:
    """Let the topic's ticket be created at the next sync."""
    from bridge.verbs import topic_number

    number = topic_number(topic)
    place = _new_ticket(ctx, number)
    with deciding(ctx, who) as verbs:
        verbs.approve(number, **place)
    session(ctx).hint(f"T-{number} approved; create its ticket with: feedback-bridge sync")


@app.command()
def reject(ctx: typer.Context, topic: TopicId, who: Who = "somebody") -> None:
    """Make no ticket of the topic; the topic itself goes on."""
    from bridge.verbs import topic_number

    number = topic_number(topic)
    place = _new_ticket(ctx, number)
    with deciding(ctx, who) as verbs:
        verbs.reject(number, **place)
    session(ctx).hint(
        f"T-{number}: no ticket will be made; undo with: feedback-bridge topics undo T-{number}"
    )


@app.command()
def ignore(ctx: typer.Context, topic: TopicId, who: Who = "somebody") -> None:
    """Hide the topic for good; what is said of it later stays with it."""
    from bridge.verbs import topic_number

    number = topic_number(topic)
    with deciding(ctx, who) as verbs:
        verbs.ignore(number)
    session(ctx).hint(f"T-{number} ignored; undo with: feedback-bridge topics undo T-{number}")


@app.command()
def snooze(
    ctx: typer.Context,
    topic: TopicId,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Until this day.")] = None,
    until_people: Annotated[
        int | None, typer.Option("--until-people", min=1, help="Until so many people said it.")
    ] = None,
    who: Who = "somebody",
) -> None:
    """Hold the topic's ticket back until a day, or until it grows."""
    from bridge.errors import InputError
    from bridge.times import parse_as_of
    from bridge.verbs import topic_number

    if (until is None) == (until_people is None):
        raise InputError("name one of --until DATE and --until-people N")
    number = topic_number(topic)
    with deciding(ctx, who) as verbs:
        verbs.snooze(number, until=parse_as_of(until, "--until"), until_reach=until_people)
    session(ctx).hint(f"T-{number} snoozed; undo with: feedback-bridge topics undo T-{number}")


@app.command()
def rename(
    ctx: typer.Context,
    topic: TopicId,
    title: Annotated[str, typer.Argument(help="The new title.")],
    who: Who = "somebody",
) -> None:
    """Give the topic a title that no machine replaces."""
    from bridge.verbs import topic_number

    number = topic_number(topic)
    with deciding(ctx, who) as verbs:
        verbs.rename(number, title)


@app.command()
def merge(
    ctx: typer.Context,
    topic: TopicId,
    into: Annotated[str, typer.Option("--into", metavar="T-n", help="The topic that survives.")],
    who: Who = "somebody",
) -> None:
    """Let one topic be part of another; undo takes it apart again, exactly."""
    from bridge.verbs import topic_number

    number, target = topic_number(topic), topic_number(into)
    with deciding(ctx, who) as verbs:
        verbs.merge(number, target)
    session(ctx).hint(
        f"T-{number} is part of T-{target} now; undo with: feedback-bridge topics undo T-{number}"
    )


@app.command()
def apart(
    ctx: typer.Context,
    topic: TopicId,
    other: Annotated[str, typer.Argument(metavar="T-n", help="The other topic.")],
    who: Who = "somebody",
) -> None:
    """Say that two topics are two: they are never merged by the machine nor proposed as one."""
    from bridge.verbs import topic_number

    with deciding(ctx, who) as verbs:
        verbs.apart(topic_number(topic), topic_number(other))
    session(ctx).hint(f"{topic} and {other} stay two; undo with: feedback-bridge topics undo {topic}")


@app.command()
def remove(
    ctx: typer.Context,
    topic: TopicId,
    items: Annotated[list[str], typer.Argument(metavar="ITEM…", help=ITEMS)],
    who: Who = "somebody",
) -> None:
    """Say that items are not of this topic: they leave it for good, and may go elsewhere."""
    from bridge.verbs import topic_number

    number = topic_number(topic)
    with deciding(ctx, who) as verbs:
        count = verbs.remove(number, items)
    say(f"{count} statements are not of T-{number}")


@app.command()
def pin(ctx: typer.Context, topic: TopicId, item: ItemId, who: Who = "somebody") -> None:
    """Make an item a key quote: it stands first in the topic's evidence, and no choice drops it."""
    from bridge.verbs import topic_number

    number = topic_number(topic)
    with deciding(ctx, who) as verbs:
        verbs.pin(number, item)
    session(ctx).hint(
        f"{item} is a key quote of T-{number}; undo with: feedback-bridge topics undo T-{number}"
    )


@app.command()
def unpin(ctx: typer.Context, topic: TopicId, item: ItemId, who: Who = "somebody") -> None:
    """Let an item be a key quote no longer; the machine may quote it or not."""
    from bridge.verbs import topic_number

    number = topic_number(topic)
    with deciding(ctx, who) as verbs:
        verbs.unpin(number, item)
    session(ctx).hint(f"{item} is no key quote of T-{number} now")


@app.command()
def split(
    ctx: typer.Context,
    topic: TopicId,
    into: Annotated[
        list[str] | None, typer.Option("--into", metavar="ITEM,ITEM,…", help=f"{ITEMS} Can be repeated.")
    ] = None,
    group: Annotated[
        int | None, typer.Option("--group", min=1, help="Split off this one of the suggested groups.")
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title of the new topic.")] = "",
    only: Annotated[bool, typer.Option("--only", help="Let no others go along.")] = False,
    as_json: JsonFlag = False,
    who: Who = "somebody",
) -> None:
    """Make a topic of some of a topic's items; without --into and --group, suggest groups."""
    from bridge.errors import InputError
    from bridge.proposals import group_items, split_off, suggestion
    from bridge.verbs import topic_number

    here = context(ctx)
    number = topic_number(topic)
    if into and group:
        raise InputError("name one of --into ITEM,… and --group N")
    items = [name for part in into or () for name in part.split(",") if name.strip()]
    with here.database.reading() as store:
        if group:
            items = group_items(store, number, group)
        suggested = None if into or group else suggestion(store, number)
    if suggested is not None:
        _print_suggestion(suggested, as_json=as_json)
        return
    done = split_off(here, who, number, items, title=title, follow=not only).as_json()
    if as_json:
        print_json(done)
        return
    print(f"{done['into']}: {done['statements']} statements, and {len(done['followed'])} that go with them")
    for row in done["followed"]:
        print_seen(f"  {row['item']} “{row['quote']}”")
    session(ctx).hint(f"undo with: feedback-bridge topics undo {done['into']}")


def _print_suggestion(suggested: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(suggested)
        return
    print_seen(f"{suggested['topic']}: {suggested['why']} (score {suggested['score']:.2f})")
    for place, group in enumerate(suggested["groups"], 1):
        print_seen(f"group {place}: {group['statements']} statements, e.g. {group['items'][0]}")
        _print_quotes(group["quotes"])


def _print_quotes(quotes: list[str]) -> None:
    for quote in quotes:
        print_seen(f"  “{quote}”")


@app.command()
def proposals(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """Ask: which topics may be one, and which may be several? Nothing is changed."""
    from bridge.proposals import proposals as asked

    here = context(ctx)
    with here.database.reading() as store:
        found = asked(store)
    if as_json:
        print_json(found)
        return
    for row in found["merge"]:
        print_seen(f"& {' and '.join(row['topics'])} may be one ({row['score']:.2f}): {row['why']}")
        _print_quotes(row["quotes"])
    for row in found["split"]:
        print_seen(f"/ {row['topic']} may be several ({row['score']:.2f}): {row['why']}")
        for group in row["groups"]:
            _print_quotes(group["quotes"][:1])
    if not found["merge"] and not found["split"]:
        say("Nothing to ask: no two topics look like one, and none looks like several.")


@app.command()
def undo(
    ctx: typer.Context,
    topic: Annotated[str | None, typer.Argument(metavar="T-n", help="The topic, such as T-12.")] = None,
    recluster: Annotated[bool, typer.Option("--recluster", help="The whole latest recluster.")] = False,
    who: Who = "somebody",
) -> None:
    """Take back the latest decision about a topic, or with --recluster all of the latest recluster."""
    from bridge.errors import InputError
    from bridge.verbs import topic_number

    if (topic is None) != recluster:
        raise InputError("name a topic, such as T-12, or write --recluster")
    with deciding(ctx, who) as verbs:
        if topic is None:
            say(f"undone: recluster; {verbs.undo_recluster()} statements are back")
        else:
            number = topic_number(topic)
            say(f"undone: {verbs.undo(number)} T-{number}")
