// Loads the regions that wsi-lpd found into the image that is open in QuPath: RESULTS/NAME.geojson, which `segment` and `batch` write.
// Set `results`, then Run, or Run for project. Earlier regions of wsi-lpd's classes stay: delete them first if you run this again.
// Written for QuPath 0.4 and later after its documentation (QP.importObjectsFromFile); it was not run.
def results = "/path/to/results"

def name = GeneralTools.getNameWithoutExtension(getCurrentServer().getMetadata().getName())
def file = new File(results, name + ".geojson")
if (!file.exists()) {
    println name + ": " + file + " is not there; is this slide segmented, and are its results not in a subfolder?"
    return
}
def before = getAnnotationObjects().size()
importObjectsFromFile(file.getAbsolutePath())
println name + ": " + (getAnnotationObjects().size() - before) + " regions from " + file
