process CELLSWAP_IMPORT {
    tag "${meta.id} ${meta.shard}/${meta.shards}"
    label 'cellswap'

    conda "${moduleDir}/../environment.yml"

    input:
    tuple val(meta), val(cells), val(folder)
    val arguments

    output:
    tuple val(meta), val(cells), val(folder), emit: done
    path 'versions.yml', emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def command = task.ext.command ?: 'cellswap'
    def args = task.ext.args ?: ''
    def part = meta.shards > 1 ? "--shard ${meta.shard}/${meta.shards}" : ''
    """
    # Relative paths among the arguments start in the folder.
    (cd '${folder}' && ${command} import ${arguments} --out '${cells}' ${part} ${args})

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
