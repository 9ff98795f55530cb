"""Clicks through a report in headless Chromium. Usage: browse.py REPORT (of tests/pipeline/report_test.cpp)"""
import pathlib
import sys
import time

from chromium import Chromium

report = pathlib.Path(sys.argv[1])
page = Chromium()
try:
    page.show(1200, 900)
    page.open(report / "index.html")
    visible = "[...document.querySelectorAll('#slides tr')].filter(row => !row.hidden).length"
    assert page.run(visible) == 2
    page.key("/")
    assert page.run("document.activeElement.id") == "find"
    page.type("one/")
    page.wait(visible + " === 1")
    page.key("Escape")
    page.wait(visible + " === 2")
    first = page.run("document.querySelector('#slides th a').href")
    page.click("#reverse")
    page.wait(f"document.querySelector('#slides th a').href !== {first!r}")

    page.click("#slides th a")  # two/, the TUM and STR one, or one/: both have the same labels
    page.wait("document.querySelectorAll('.leaflet-labels-pane canvas').length > 0 && "
              "[...document.querySelectorAll('#map .leaflet-tile')].every(tile => tile.classList.contains('leaflet-tile-loaded'))")
    painted = ("(() => { let some = 0; for (const c of document.querySelectorAll('.leaflet-labels-pane canvas')) "
               "some += c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 == 3 && v > 0).length; return some; })()")
    both = page.run(painted)
    page.click("#panel input[data-value='1']")
    one = page.run(painted)
    assert 0.45 < one / both < 0.55, (one, both)
    page.key("1")
    assert page.run(painted) == both
    page.click("#mask")
    assert page.run("getComputedStyle(document.querySelector('.leaflet-labels-pane')).display") == "none"
    # the tiles lie where they belong: the slide fills its box without gaps
    x, y = page.place("#map")
    page.move(x - 40, y)
    page.wait("document.getElementById('position').textContent.includes('µm')")
    assert "level 0" in page.run("document.getElementById('position').textContent")
    tops = page.run("[...document.querySelectorAll('.leaflet-tile-pane .leaflet-tile')].map(t => getComputedStyle(t).position)")
    assert set(tops) == {"absolute"}, tops
    assert "µm/px" in page.run("document.querySelector('.scale').textContent")
    # the page follows the index, which is reversed
    assert page.run("document.getElementById('rank').textContent") == "1 of 2"
    assert page.run("document.getElementById('prev').hidden && !document.getElementById('next').hidden")
    # the view stops two steps past the pixels, and its place is in the address
    scale = "document.querySelector('.scale').textContent"
    whole = page.run(scale)
    enough = "document.querySelector('.leaflet-control-zoom-in').classList.contains('leaflet-disabled')"
    for _ in range(100):  # a click during the animation of the one before may count for nothing
        if page.run(enough):
            break
        page.click(".leaflet-control-zoom-in")
        time.sleep(0.1)
    page.wait(enough + " && location.hash.endsWith('zoom=1')")  # 0.5 um/px at 0.25
    assert "reverse" in page.run("location.hash")
    place, near = page.run("location.hash"), page.run(scale)
    page.click("#fit")
    page.wait(f"{scale} === {whole!r} && !location.hash.includes('zoom=')")
    page.run(f"location.hash = {place!r}")
    page.wait(f"{scale} === {near!r}")
    page.click("#next")
    page.wait("document.getElementById('rank') && document.getElementById('rank').textContent === '2 of 2'")
    page.show(390, 800, dark=True)
    page.wait("document.documentElement.scrollWidth <= 390")
    page.key("u")
    page.wait("location.pathname.endsWith('index.html')")
    page.wait("document.documentElement.scrollWidth <= 390")
    assert not page.troubles, page.troubles
finally:
    page.close()
