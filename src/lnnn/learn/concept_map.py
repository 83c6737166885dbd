"""Which page of the course builds on which, as a picture: pages top to bottom, arcs between."""

from itertools import cycle

from lnnn.messages import _

from .course import Page

INK, FAINT = "#1b1b1b", "#8a8a8a"
# Okabe & Ito, "Color Universal Design" (2008), one for each level in the order of the pages.
LOOKS = (("o", "#0072B2"), ("s", "#D55E00"), ("D", "#009E73"))


def draw(pages: tuple[Page, ...]):
    """A matplotlib figure: an arc from each page to the pages that it builds on."""
    import matplotlib.pyplot as plt  # half a second; nobody needs it before the picture
    from matplotlib.patches import FancyArrowPatch

    levels = dict.fromkeys(page.level.split()[0] for page in pages)
    looks = dict(zip(levels, cycle(LOOKS)))
    row = {page.number: -i for i, page in enumerate(pages)}
    _figure, ax = plt.subplots(figsize=(6.2, 0.46 * len(pages) + 0.9), layout="constrained")
    for page in pages:
        for number in filter(row.__contains__, page.builds_on):
            span = row[number] - row[page.number]
            # Neighbours on the left, where the reading goes down; the rest as arcs on the right.
            start, end, bend = (0.0, 0.0, 0.0) if span == 1 else (0.12, 0.12, -0.42)
            ax.add_patch(
                FancyArrowPatch(
                    (start, row[number]),
                    (end, row[page.number]),
                    arrowstyle="-|>",
                    mutation_scale=9,
                    connectionstyle=f"arc3,rad={bend}",
                    color=INK if span == 1 else FAINT,
                    linewidth=1.2,
                    shrinkA=7,
                    shrinkB=7,
                )
            )
        marker, colour = looks[page.level.split()[0]]
        ax.plot(0, row[page.number], marker, color=colour, ms=8)
        ax.text(-0.25, row[page.number], f"{page.number} · {page.title}", ha="right", va="center")
    for level, (marker, colour) in looks.items():
        ax.plot([], [], marker, color=colour, ms=8, label=level)
    ax.legend(frameon=False, loc="lower right", title=_("level"), alignment="left")
    ax.set_title(finding(pages), loc="left", fontsize=11)
    ax.set_xlim(-4.6, 3.4)
    ax.set_ylim(-len(pages) + 0.4, 0.6)
    ax.axis("off")
    plt.show()


def finding(pages: tuple[Page, ...]) -> str:
    """The page that most others build on, as a sentence."""
    users = {page.number: sum(page.number in p.builds_on for p in pages) for page in pages}
    most = max(pages, key=lambda page: users[page.number])
    text = _("Most pages build on {number} · {title}: {n} of them")
    return text.format(number=most.number, title=most.title, n=users[most.number])
