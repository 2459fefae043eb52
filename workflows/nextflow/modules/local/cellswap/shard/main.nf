process CELLSWAP_SHARD {
    tag "${meta.id} ${meta.shard}/${meta.shards}"
    label 'cellswap_shard'
    // What the plan says, and more at each further attempt.
    memory { meta.mb * 1.MB * task.attempt }
    time { meta.minutes * 1.min * task.attempt }

    conda "${moduleDir}/../environment.yml"

    input:
    tuple val(meta), val(study), val(folder)
    val stage

    output:
    tuple val(meta), val(study), val(folder), emit: done
    path 'versions.yml', emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def command = task.ext.command ?: 'cellswap'
    def args = task.ext.args ?: ''
    """
    ${command} shard '${study}' -o '${folder}' --stage ${stage} --shard ${meta.shard}/${meta.shards} \\
        --workers ${task.cpus} ${args}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: \$(${command} --version)
    END_VERSIONS
    """

    stub:
    """
    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: stub
    END_VERSIONS
    """
}
