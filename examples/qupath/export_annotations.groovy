// Writes the annotations of the image that is open in QuPath as FOLDER/NAME.geojson, as `wsi-lpd measure RESULTS --annotations FOLDER`
// takes them. Set `folder`, then Run, or Run for project. An image without annotations gets no file.
// Written for QuPath 0.4 and later after its documentation (QP.exportObjectsToGeoJson); it was not run.
def folder = "/path/to/annotations"

def annotations = getAnnotationObjects()
def name = GeneralTools.getNameWithoutExtension(getCurrentServer().getMetadata().getName())
if (annotations.isEmpty()) {
    println name + ": has no annotations, nothing is written"
    return
}
mkdirs(folder)
def path = buildFilePath(folder, name + ".geojson")
exportObjectsToGeoJson(annotations, path, "FEATURE_COLLECTION")
println name + ": " + annotations.size() + " annotations in " + path
