#!/usr/bin/env nextflow
// A cellswap study in shards: plan, features, probes, merge. Every process is one command, which does no work twice.

include { CELLSWAP_PLAN } from './modules/local/cellswap/plan/main'
include { CELLSWAP_SHARD as CELLSWAP_FEATURES } from './modules/local/cellswap/shard/main'
include { CELLSWAP_SHARD as CELLSWAP_PROBES } from './modules/local/cellswap/shard/main'
include { CELLSWAP_MERGE } from './modules/local/cellswap/merge/main'

// What the task of each shard is told: its number, and what the plan says that a stage of it takes.
def shardsOf(meta, plan, stage) {
    def planned = new groovy.json.JsonSlurper().parse(plan)
    return (0..<planned.shards).collect { shard ->
        meta + [
            shard: shard,
            shards: planned.shards,
            mb: Math.ceil(planned.memory / 1048576) as int,
            seconds: Math.ceil(planned[stage].seconds[shard]) as int,
        ]
    }
}

// Every study once, when the last of its shards is done.
def whole(done) {
    return done
        .map { shard, study, folder -> [groupKey([shard.subMap('id', 'key'), study, folder], shard.shards), shard.shard] }
        .groupTuple()
        .map { group, _shards -> group.target }
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
    CELLSWAP(channel.of([[id: study.baseName, key: study.text.md5()], study.toString(), folder.toString()]))
    CELLSWAP.out.report.view { _meta, _report -> "report: ${folder}/report.html" }
}
