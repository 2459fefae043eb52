process CELLSWAP_PLAN {
    tag "${meta.id}"
    label 'cellswap'

    conda "${moduleDir}/../environment.yml"

    input:
    tuple val(meta), val(study), val(folder)
    val shards

    output:
    tuple val(meta), val(study), val(folder), path('plan.json'), emit: plan
    path 'versions.yml', emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def command = task.ext.command ?: 'cellswap'
    def args = task.ext.args ?: ''
    """
    ${command} plan '${study}' -o '${folder}' --shards ${shards} --workers ${task.cpus} --json ${args} > plan.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: \$(${command} --version)
    END_VERSIONS
    """

    stub:
    def seconds = [1] * shards
    """
    echo '{"shards":${shards},"memory":1,"features":{"seconds":${seconds}},"probes":{"seconds":${seconds}}}' > plan.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        cellswap: stub
    END_VERSIONS
    """
}
