"""openparliament.ca: the RSS feeds of what a politician does and is mentioned in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hubs.business_hub.op_import.errors import Unreadable
from hubs.business_hub.op_import.formats.base import Item, ReadContext, make, text_of
from hubs.business_hub.op_import.reading.documents import Document
from shared.contracts import keys
from shared.contracts.proceedings import DocumentRecord

_RSS = re.compile(rb"<rss\b[\s\S]*?openparliament\.ca")


class OpenParliamentFeed:
    """The RSS feeds of what a politician does and is mentioned in."""

    name = "openparliament-feed"
    title_en = "openparliament.ca: activity feeds (RSS)"
    title_fr = "openparliament.ca : fils d'activité (RSS)"
    version = "openparliament-feed/1"

    def recognises(self, document: Document) -> bool:
        """Tell an RSS feed of openparliament.ca."""
        return bool(_RSS.search(document.head))

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield a document for each item."""
        for document in documents:
            try:
                channel = fromstring(document.read(), forbid_dtd=True).find("channel")
            except (ParseError, DefusedXmlException, ValueError) as error:
                raise Unreadable(f"{document.name} is not RSS: {error}", document=document.name) from None
            if channel is None:
                raise Unreadable(f"{document.name} holds no channel", document=document.name)
            person = channel.findtext("link", "").rstrip("/").rpartition("/")[2]
            for row, item in enumerate(channel.iter("item"), start=1):
                link, title = text_of(item.findtext("link")), text_of(item.findtext("title"))
                guid = text_of(item.findtext("guid")) or link
                try:
                    day = parsedate_to_datetime(item.findtext("pubDate", "")).date()
                except (ValueError, TypeError):
                    day = None
                yield from make(
                    DocumentRecord,
                    document,
                    row,
                    key=f"openparliament/activity/{keys.slug(person)}/{keys.slug(guid)[-120:] or row}",
                    title_en=title,
                    url=link,
                    media_type="text/html",
                    language="en",
                    classification="activity",
                    date=day,
                    sources=[context.source(document, self.version)],
                )
