"""Opens the page of a study in headless Chromium without JavaScript. Usage: study.py INDEX.html [PICTURES]
It must be of two groups with 8 cases (tests/pipeline/review/study_test.cpp). Pictures of it go to the folder PICTURES."""
import pathlib
import sys

from chromium import Chromium

index = pathlib.Path(sys.argv[1])
page = Chromium()
try:
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    for width, dark in ((1280, False), (400, False), (400, True)):
        page.show(width, 900, dark)
        page.open(index)
        assert page.run("document.documentElement.scrollWidth") <= width
        if len(sys.argv) > 2:
            page.screenshot(f"{sys.argv[2]}/study-{width}{'-dark' if dark else ''}.png", whole=True)
    plot = "document.querySelector('svg.plot')"
    assert page.run(plot + ".querySelectorAll('circle').length") == 8
    assert page.run(plot + ".querySelectorAll('rect').length") == 2  # intervals
    # each mean lies in its interval, on the plot as in the table
    assert page.run(f"[...{plot}.querySelectorAll('rect')].every((bar, i) => {{ const mean = {plot}.querySelectorAll('line.median')[i].x1.baseVal.value;"
                    " return bar.x.baseVal.value <= mean && mean <= bar.x.baseVal.value + bar.width.baseVal.value; })")
    assert page.run("document.querySelectorAll('script, link[rel=stylesheet], img').length") == 0
    assert not page.troubles, page.troubles
finally:
    page.close()
