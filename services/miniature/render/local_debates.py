"""A sitting of Ontario's assembly, with a division, and one of Quebec's.

Formats: www.ontla.on.ca/web/house-proceedings/house_detail.do?Date=2018-05-08 (the site of 2014 to 2018) and
www.assnat.qc.ca/fr/travaux-parlementaires/assemblee-nationale/43-2/journal-debats/20251009/400000.html.
"""

from html import escape
from typing import Any

from services.miniature.facts.tables import table
from services.miniature.render.document import HTML, Document


def ontario(day: str) -> Document | None:
    """The sitting of a day, or None when there was none."""
    told = table("legislatures")["ontario_sitting"]
    if day != told["date"]:
        return None
    lines = [
        "<!DOCTYPE html><html><head><title>Official Records for 8 May 2018</title>",
        f'<meta name="dc.date.created" content="{told["date"]}">',
        f'<meta name="dc.coverage.temporal" content="{told["parliament"]}"></head><body>',
        '<div id="transcript"><div id="toc"><p>LEGISLATIVE ASSEMBLY OF ONTARIO</p></div>',
        '<p class="procedure"><a id="para1"></a>The House met at 0900.</p>',
        f"<h2>{escape(told['heading'])}</h2>",
        '<p class="timeStamp"><a id="para2"></a>0910</p>',
        _ontario_speech("para3", "Hon. Charles Sousa", escape(told["words"])),
        _ontario_speech("para4", "The Speaker (Hon. Dave Levac)", "Order."),
        f'<p><a id="para5"></a>{escape(told["motion"])}</p>',
    ]
    for title, names in (("Ayes", told["ayes"]), ("Nays", told["nays"])):
        lines += [f'<h4 class="voteDirection">{title}</h4><ul>']
        lines += [f'<li class="voteText">{escape(name)}</li>' for name in names]
        lines.append("</ul>")
    counts = f"The ayes are {len(told['ayes'])}; the nays are {len(told['nays'])}."
    lines += [
        _ontario_speech("para6", "The Clerk of the Assembly (Mr. Todd Decker)", counts),
        _ontario_speech("para7", "The Speaker (Hon. Dave Levac)", "I declare the motion carried."),
        "</div></body></html>",
    ]
    return Document("\n".join(lines).encode(), HTML)


def _ontario_speech(anchor: str, name: str, words: str) -> str:
    return f'<p class="speakerStart"><a id="{anchor}"></a><strong>{name}:</strong> {words}</p>'


def quebec(day: str) -> Document | None:
    """The sitting of a day written as 20251009, or None when there was none."""
    told: dict[str, Any] = table("legislatures")["quebec_sitting"]
    if day != told["date"][0].replace("-", ""):
        return None
    lines = [
        '<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8">',
        "<title>Journal des débats</title></head><body>",
        "<h2>43<sup>e</sup> législature, 2<sup>e</sup> session</h2>",
        f"<h2>{told['date'][1]} - Vol. 48 N° 4</h2>",
        f'<div class="tableMatieresJournal"><h4><a href="#_Toc1">{told["heading"]}</a></h4></div>',
        "<a name='debut_journal'></a>",
        f'<p align="CENTER"><a name="_Toc1">{told["heading"]}</a></p>',
        f'<p align="CENTER"><a name="_Toc2">{told["subject"]}</a></p>',
        '<p align="JUSTIFY">(Neuf heures quarante-trois minutes)</p>',
        f'<p align="JUSTIFY"><b>Mme Ghazal :</b> {escape(told["words"], quote=False)}</p>',
        '<p align="JUSTIFY">Merci, Mme la Présidente.</p>',
        '<p align="JUSTIFY"><b>La Présidente :</b> Merci, Mme la députée de Mercier.</p>',
        "</body></html>",
    ]
    return Document("\n".join(lines).encode(), HTML)
