"""Looks at measured regions in headless Chromium. Usage: regions.py REPORT (of tests/pipeline/review/report_regions_test.cpp)
There, at 2 µm/px, lies a frame of 200 px around a hole of 80 px, and in the hole a square of 40 px; all are in the middle of x = 320, y = 140."""
import pathlib
import sys

from chromium import Chromium

report = pathlib.Path(sys.argv[1])
page = Chromium()
try:
    page.show(1200, 900)
    page.open(next((report / "slides").glob("*.html")))
    page.wait("!document.getElementById('outlines').disabled")
    assert page.run("document.getElementById('outlines').closest('label').textContent.trim()") == "Measured regions 2"
    painted = ("[...document.querySelectorAll('.leaflet-outlines-pane canvas')].reduce((sum, c) => sum + "
               "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v > 0).length, 0)")
    page.wait(painted + " > 0")

    def click_at(x, y):
        """Of the slide's pixels."""
        page.run("document.getElementById('map').scrollIntoView({block: 'center'})")
        px, py = page.run(f"(() => {{ const r = document.getElementById('map').getBoundingClientRect(), s = wsiViewer.scale;"
                          f" const p = wsiViewer.map.latLngToContainerPoint([{y} / s, {x} / s]); return [r.x + p.x, r.y + p.y]; }})()")
        page.move(px, py)
        for kind in ("mousePressed", "mouseReleased"):
            page.call("Input.dispatchMouseEvent", type=kind, x=px, y=py, button="left", clickCount=1)

    words = "(document.querySelector('.leaflet-popup .region')?.innerText ?? '')"
    click_at(240, 220)
    page.wait(words + ".includes('<b>frame</b>')")
    assert "0.134 mm²" in page.run(words).replace("\u00a0", " "), page.run(words)
    assert "50.0 %" in page.run(words).replace("\u00a0", " "), page.run(words)
    click_at(320, 140)  # the square in the frame's hole
    page.wait(words + ".includes('region 2')")
    assert "class2" in page.run(words)
    click_at(290, 170)  # the hole
    page.wait(f"!{words}")
    click_at(240, 220)
    page.wait(words + ".includes('frame')")
    page.key("r")
    page.wait(f"!{words} && !document.querySelector('.leaflet-outlines-pane canvas')")
    click_at(240, 220)
    assert not page.run(words), "hidden regions are not there"

    page.run("window.scrollTo(0, document.body.scrollHeight)")  # the table leads to the view, and shows the regions again
    page.click("#regions a[data-region='2']")
    page.wait(words + ".includes('region 2') && document.getElementById('outlines').checked")
    page.wait("/x=320&y=140/.test(location.hash)")
    page.run("window.scrollTo(0, document.body.scrollHeight)")
    before = page.run("location.hash")
    page.click("#regions a[data-spot]")
    page.wait(f"location.hash !== {before!r}")
    assert page.run("document.querySelectorAll('.leaflet-tooltip').length") == page.run("document.querySelectorAll('a[data-spot][href]').length") > 0
    page.show(390, 800, dark=True)
    page.wait("document.documentElement.scrollWidth <= 390")
    assert not page.troubles, page.troubles
finally:
    page.close()
