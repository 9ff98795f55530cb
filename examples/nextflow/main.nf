#!/usr/bin/env nextflow
// Segments the slides of a samplesheet, a task a slide, and writes the report.
//   nextflow run examples/nextflow --input slides.csv --model lpd.safetensors --outdir results -profile slurm -resume

process WSILPD_SEGMENT {
    tag "$meta.id"
    label 'process_high'

    input:
    tuple val(meta), path(slide)
    path model

    output:
    tuple val(meta), path("results/${prefix}.*"), emit: results
    path "versions.yml"                         , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def mpp  = meta.mpp ? "--mpp ${meta.mpp}" : ''
    prefix   = task.ext.prefix ?: "${meta.id}"
    """
    test -e '${prefix}.${slide.extension}' || ln -s '${slide}' '${prefix}.${slide.extension}'
    wsi-lpd segment \\
        '${prefix}.${slide.extension}' \\
        --output results \\
        --model '${model}' \\
        --threads ${task.cpus} \\
        --quiet \\
        ${mpp} \\
        ${args}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        wsi-lpd: \$(wsi-lpd --version | sed 's/wsi-lpd //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    mkdir results
    touch 'results/${prefix}.tif' 'results/${prefix}.h5' 'results/${prefix}.geojson' 'results/${prefix}.json'

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        wsi-lpd: \$(wsi-lpd --version | sed 's/wsi-lpd //')
    END_VERSIONS
    """
}

process WSILPD_REPORT {
    label 'process_single'

    input:
    path results, stageAs: 'results/*'

    output:
    path "results/report", emit: report
    path "versions.yml"  , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    """
    wsi-lpd report \\
        results \\
        --quiet \\
        ${args}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        wsi-lpd: \$(wsi-lpd --version | sed 's/wsi-lpd //')
    END_VERSIONS
    """

    stub:
    """
    mkdir -p results/report
    touch results/report/index.html

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        wsi-lpd: \$(wsi-lpd --version | sed 's/wsi-lpd //')
    END_VERSIONS
    """
}

workflow {
    if (!params.input || !params.model) {
        error "--input (a CSV file with the columns sample,slide and perhaps mpp) and --model are needed"
    }
    ch_slides = Channel
        .fromPath(params.input, checkIfExists: true)
        .splitCsv(header: true, strip: true)
        .map { row -> [[id: row.sample, mpp: row.mpp ?: null], file(row.slide, checkIfExists: true)] }

    WSILPD_SEGMENT(ch_slides, file(params.model, checkIfExists: true))
    WSILPD_REPORT(WSILPD_SEGMENT.out.results.map { meta, files -> files }.flatten().collect())
}
