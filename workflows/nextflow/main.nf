#!/usr/bin/env nextflow
// A cellswap study in shards: its cells where they are to be made, plan, features, probes, merge. Every process is one command, which does no work twice.

include { CELLSWAP_IMPORT } from './modules/local/cellswap/import/main'
include { CELLSWAP_SEGMENT } from './modules/local/cellswap/segment/main'
include { CELLSWAP_MERGECELLS as CELLSWAP_IMPORTED } from './modules/local/cellswap/mergecells/main'
include { CELLSWAP_MERGECELLS as CELLSWAP_SEGMENTED } from './modules/local/cellswap/mergecells/main'
include { CELLSWAP_PLAN } from './modules/local/cellswap/plan/main'
include { CELLSWAP_SHARD as CELLSWAP_FEATURES } from './modules/local/cellswap/shard/main'
include { CELLSWAP_SHARD as CELLSWAP_PROBES } from './modules/local/cellswap/shard/main'
include { CELLSWAP_MERGE } from './modules/local/cellswap/merge/main'

// What the task of each shard is told: its number, and what it asks for by what the plan says that a stage of it takes.
def shardsOf(meta, plan, stage) {
    def planned = new groovy.json.JsonSlurper().parse(plan)
    // Divided first: a whole number of bytes times another may be more than it holds.
    def mb = Math.ceil(planned.memory / 1048576 * params.margin) as int
    return (0..<planned.shards).collect { shard ->
        def minutes = Math.ceil(params.margin * planned[stage].seconds[shard] / 60 / params.workers) as int
        meta + [
            shard: shard,
            shards: planned.shards,
            mb: Math.max(params.mb, mb),
            minutes: Math.max(params.minutes, minutes),
        ]
    }
}

// What the task of each shard of cells is told: its number.
def partsOf(meta) {
    return (0..<params.cell_shards).collect { shard -> meta + [shard: shard, shards: params.cell_shards] }
}

// Every study, or cell store, once, when the last of its shards is done.
def whole(done) {
    return done
        .map { shard, path, folder -> [groupKey([shard.subMap('id', 'key'), path, folder], shard.shards), shard.shard] }
        .groupTuple()
        .map { group, _shards -> group.target }
}

workflow CELLSWAP_CELLS {
    take:
    cells // tuple: meta with an id and a key, absolute path of the cell store, folder in which relative paths start

    main:
    made = cells
    versions = channel.empty()
    if (params.import_cells) {
        CELLSWAP_IMPORT(made.flatMap { meta, store, folder -> partsOf(meta).collect { part -> [part, store, folder] } }, params.import_cells)
        CELLSWAP_IMPORTED(whole(CELLSWAP_IMPORT.out.done), params.wait)
        made = CELLSWAP_IMPORTED.out.done
        versions = versions.mix(CELLSWAP_IMPORT.out.versions, CELLSWAP_IMPORTED.out.versions)
    }
    if (params.segment_cells != null) {
        // Given without options it is true.
        options = params.segment_cells == true ? '' : params.segment_cells
        CELLSWAP_SEGMENT(made.flatMap { meta, store, folder -> partsOf(meta).collect { part -> [part, store, folder] } }, options)
        CELLSWAP_SEGMENTED(whole(CELLSWAP_SEGMENT.out.done), params.wait)
        made = CELLSWAP_SEGMENTED.out.done
        versions = versions.mix(CELLSWAP_SEGMENT.out.versions, CELLSWAP_SEGMENTED.out.versions)
    }

    emit:
    cells = made
    versions
}

workflow CELLSWAP {
    take:
    studies // tuple: meta with an id and a key, absolute path of the study file, absolute path of the study folder

    main:
    CELLSWAP_PLAN(studies, params.shards)
    plans = CELLSWAP_PLAN.out.plan

    CELLSWAP_FEATURES(
        plans.flatMap { meta, study, folder, plan ->
            shardsOf(meta, plan, 'features').collect { shard -> [shard, study, folder] }
        },
        'features'
    )
    done = whole(CELLSWAP_FEATURES.out.done)
    versions = CELLSWAP_PLAN.out.versions.mix(CELLSWAP_FEATURES.out.versions)

    if (params.probes) {
        CELLSWAP_PROBES(
            done.join(plans, by: [0, 1, 2]).flatMap { meta, study, folder, plan ->
                shardsOf(meta, plan, 'probes').collect { shard -> [shard, study, folder] }
            },
            'probes'
        )
        done = whole(CELLSWAP_PROBES.out.done)
        versions = versions.mix(CELLSWAP_PROBES.out.versions)
    }

    CELLSWAP_MERGE(done, params.wait)

    emit:
    report = CELLSWAP_MERGE.out.report
    versions = versions.mix(CELLSWAP_MERGE.out.versions)
}

workflow {
    if (!params.study) {
        error("--study is missing: give the study file (JSON)")
    }
    study = file(params.study, checkIfExists: true)
    folder = file(params.outdir ?: "${study.baseName}.study")
    // What else the plan hangs on is in the key, so that Nextflow plans anew.
    key = "${study.text}${params.cells}${params.import_cells}${params.segment_cells}".md5()
    studies = channel.of([[id: study.baseName, key: key], study.toString(), folder.toString()])
    if (params.import_cells || params.segment_cells != null) {
        if (!params.cells) {
            error("--cells is missing: give the cell store that --import_cells and --segment_cells make")
        }
        cells = file(params.cells)
        // Without the study's text: a changed study leaves its cells as they are. A part's number of parts is in its own inputs,
        // but not in those of the merge.
        made = [params.cells, params.import_cells, params.segment_cells, params.cell_shards].join('\n').md5()
        CELLSWAP_CELLS(channel.of([[id: cells.baseName, key: made], cells.toString(), "${workflow.launchDir}"]))
        studies = studies.combine(CELLSWAP_CELLS.out.cells).map { row -> row.take(3) }
    }
    CELLSWAP(studies)
    CELLSWAP.out.report.view { _meta, _report -> "report: ${folder}/report.html" }
}
